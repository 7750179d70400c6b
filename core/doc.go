// Package core talks to the business core (业务系统) that keeps the province's social-insurance records.
//
// It owns the contract: the tables the core delivers (columns.yaml, tables.yaml), the Client and its HTTP form
// (openapi.yaml). Quirks of a real core are absorbed here and nowhere else. It never stores anything and knows
// neither SQL nor rules. The reference core stands in refcore, the synthetic province in synth, the suite that
// both the reference and a real core must pass in coretest.
//
// To add a table, add its line to tables.yaml, its new elements to columns.yaml, and its code to its centre's tag in
// openapi.yaml. To add an operation, write it into openapi.yaml first: tests compare the contract with the types here,
// with the routes of refcore and with every answer that coretest sees.
package core

// Package intake brings data into the warehouse (数据汇聚): the business core's change feeds, and lists that people
// send as files.
//
// The Follower pulls every table up to the heads of one moment, so that a business day is seen whole. It keeps no
// place of its own: the warehouse's ledger of loads says where each feed stands, so a crash at any moment costs
// nothing but the page that was on its way. Files takes CSV, XLSX and Parquet, all or nothing, and gives every row
// an identity, so that a list can be sent again, corrected or replaced. Neither ever writes a table but through
// warehouse.Load, and neither judges what the rows say: that is the work of the check points in package check and
// of the rules.
//
// To add a name that people write above a column, add it to aliases.yaml.
package intake

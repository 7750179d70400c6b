// Package fundwatch is the vocabulary of the fund supervision workbench (社保基金监管智能工作台): regions,
// insurance lines, months, money, the people who ask and how far they may see.
//
// It owns the words that three or more packages share and nothing else: no I/O, no SQL, no clock, standard
// library only. A word that only two packages need lives in the lower of the two.
//
// To add a word, show the three packages that need it, give it one file named after it, and enter it in
// docs/glossary.md with its one Chinese term.
package fundwatch

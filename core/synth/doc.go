// Package synth makes a synthetic province (合成省): the records of a business core and the lists of other
// authorities, for five insurance lines, played day by day.
//
// It owns the life of every person as a pure function of (seed, person number): birth, work, benefits, death, and the
// story the person is in, if any. Rows of the contract follow from lives: a row knows the days on which it is born,
// changes and goes, so that three years of history and a single live day are the same code under two windows of
// time. Nothing is remembered but the fund books, the commit log and the directives received.
//
// Stories (stories.md) are what people did; the truth about them goes to truth.jsonl, which the workbench never
// reads. The package shares no code with detection and knows no rule but by its number in the truth.
//
// To add a story, write its cast and its acts in a story_*.go file, enter it in stories(), and describe it in
// stories.md.
package synth

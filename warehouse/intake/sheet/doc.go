// Package sheet reads the tables that people send as files (名单文件): CSV in UTF-8 or GB18030, XLSX and Parquet.
//
// It owns the three formats and the defence against what arrives in them: a bomb that unpacks to terabytes, a
// cell without an end, a formula where a value should stand, characters of the wrong encoding. A File is read row
// by row in bounded memory. The package knows nothing of columns, types or tables: it hands over cells and says
// where each stands, in the words a person would use.
//
// To add a format, write a source for it, let Open recognise it by its first bytes, and give it a fuzz test.
package sheet

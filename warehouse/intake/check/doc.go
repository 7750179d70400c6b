// Package check asks the warehouse whether its rows can be trusted (数据质量校验).
//
// A Point (校验点) is a file in the folder checks: a statement that finds the rows at fault, the grade of that fault
// (废弃 to be discarded, 待调整 to be put right, 可转换 usable as it is), the share of faults it tolerates, and cases
// that prove it. A run of all points keeps the rows at fault in the warehouse table DQ_ROW, so that they can be
// opened under the rights of whoever looks, and the counts in the store: both pass rates, and one Issue (问题) for
// every point and region, which people assign, accept or report as put right. Headcount compares the persons in the
// warehouse with the figures of the yearly statistics. The package changes no business data and decides no right:
// callers have checked the actor's permission.
//
// To add a point, copy a file in checks, give it the next number, and give it a case that fails and one that passes.
package check

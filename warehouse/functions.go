package warehouse

import "strings"

// isFunction reports whether the dialect has the function or operator: what DuckDB and the PostgreSQL family both
// have with one meaning, and the fw_ macros for the rest. Names are those the parser gives: LIKE is ~~, count(*) is
// count_star, EXTRACT is date_part, a window's name stands alone.
func isFunction(name string) bool {
	name = strings.ToLower(name)
	if strings.HasPrefix(name, "fw_") {
		return true
	}
	switch name {
	case "+", "-", "*", "/", "%", "||", "&", "|", "<<", ">>",
		"~~", "!~~", "~~*", "!~~*", "like_escape", "not_like_escape":
		return true
	case "count", "count_star", "sum", "avg", "min", "max", "bool_and", "bool_or", "bit_and", "bit_or", "string_agg",
		"stddev", "stddev_pop", "stddev_samp", "variance", "var_pop", "var_samp", "corr", "covar_pop", "covar_samp",
		"regr_slope", "regr_intercept", "regr_r2", "quantile_cont", "quantile_disc", "percentile_cont",
		"percentile_disc", "mode", "any_value", "array_agg":
		return true
	case "row_number", "rank", "rank_dense", "dense_rank", "percent_rank", "cume_dist", "ntile", "lag", "lead",
		"first_value", "last_value", "nth_value":
		return true
	case "coalesce", "nullif", "greatest", "least", "abs", "sign", "round", "floor", "ceil", "ceiling", "trunc", "mod",
		"power", "pow", "sqrt", "exp", "ln", "log", "log10":
		return true
	case "length", "char_length", "character_length", "lower", "upper", "trim", "ltrim", "rtrim", "btrim", "left",
		"right", "substr", "substring", "replace", "position", "strpos", "concat", "concat_ws", "starts_with",
		"reverse", "split_part", "translate", "ascii", "chr":
		return true
	case "date_part", "date_trunc", "make_date", "to_months", "to_days", "to_years", "to_hours", "to_minutes",
		"to_seconds", "to_weeks", "age":
		return true
	case "unnest", "generate_series", "list_value", "row", "isnan":
		return true
	}
	return false
}

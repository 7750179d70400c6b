package web

import (
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// fieldOf cuts the place where an input stood (body.note, query.size) down to its name. A property that is missing
// or does not belong stands in the message, not in the place.
func fieldOf(d *huma.ErrorDetail) string {
	_, field, _ := strings.Cut(d.Location, ".")
	if rest, ok := strings.CutPrefix(d.Message, "expected required property "); ok {
		name, _, _ := strings.Cut(rest, " ")
		return strings.TrimPrefix(field+"."+name, ".")
	}
	return field
}

// sayFault gives the Chinese sentence for a finding of huma's validator. A finding it does not know becomes a
// general sentence: the English one is for programs.
func sayFault(message string) string {
	last := message[strings.LastIndexByte(message, ' ')+1:]
	for _, f := range []struct{ begins, says string }{
		{"required ", "此项必填"},
		{"expected required property", "此项必填"},
		{"expected length >=", "至少 %s 个字符"},
		{"expected length <=", "最多 %s 个字符"},
		{"expected number >=", "不得小于 %s"},
		{"expected number <=", "不得大于 %s"},
		{"expected array length >=", "至少选择 %s 项"},
		{"expected array length <=", "最多选择 %s 项"},
		{"expected value to be one of", "不在可选范围内"},
		{"expected string to match pattern", "格式不正确"},
		{"expected string to be RFC 3339", "日期或时间格式不正确"},
		{"expected boolean", "应为是或否"},
		{"expected integer", "应为整数"},
		{"invalid integer", "应为整数"},
		{"expected number", "应为数字"},
		{"expected string", "应为文字"},
		{"expected array", "应为列表"},
		{"expected object", "应为对象"},
		{"unexpected property", "不认识此项"},
		{"unknown query parameter", "不认识此查询条件"},
		{"request body is required", "缺少请求内容"},
		{"invalid date/time", "日期或时间格式不正确"},
	} {
		if strings.HasPrefix(message, f.begins) {
			return strings.Replace(f.says, "%s", strings.TrimSuffix(last, "."), 1)
		}
	}
	return "内容不符合要求"
}

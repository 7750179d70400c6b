package synth

// Names are drawn from made lists; whoever bears one of them does so by chance.
const (
	surnames  = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾萧田董潘袁蔡蒋余于杜叶程魏苏吕丁任卢姚沈钟姜崔谭陆范汪廖石金韦贾夏付方邹熊白孟秦邱侯江尹薛闫段雷龙黎史陶贺毛郝顾龚邵万覃武钱戴"
	given     = "安邦宝本彬斌冰波博才昌长超辰成诚传春聪达大丹道德登东栋恩尔发帆芳飞菲丰峰凤福富刚岗高歌根庚耕功光广桂国海涵汉航豪浩和鹤恒红宏洪鸿厚虎华怀欢辉惠慧吉济佳家嘉建健江杰捷金锦晋京晶景静久菊娟军君俊凯康柯可克坤兰朗乐雷磊礼立丽莲良亮林琳灵玲龙隆禄路伦罗洛满茂梅美萌梦敏明铭木娜南宁平朴其奇启谦强巧钦琴青清庆秋泉群然仁荣容如瑞润森善尚少胜世寿书淑树双顺思松素泰涛天田庭同彤万旺伟文武希熙喜霞贤祥向小晓孝欣新信兴雄秀旭轩雪亚延岩艳燕阳耀业一怡义艺益逸英营永勇友有玉育裕元园远悦云泽增展昭哲真振镇正芝知志智中忠仲珠竹卓子自宗祖"
	trades    = "建筑,商贸,物流,餐饮,矿业,机械,酒业,茶业,药业,能源,环保,科技,农业,旅游,物业,运输,电力,建材,服饰,食品"
	fancies   = "宏达,鑫源,黔丰,云岭,乌江,苗岭,瑞祥,恒通,金桥,永兴,华盛,天合,百川,锦绣,东方,长青,大成,众信,兴隆,惠民"
	bureaus   = "财政局,教育局,农业农村局,水务局,林业局,审计局,统计局,司法局,自然资源局,交通运输局"
	schools   = "第一中学,第二中学,第三小学,人民医院,中医院,文化馆,图书馆,农技站,疾控中心,实验学校"
	jobsNames = "电工,焊工,保育师,养老护理员,家政服务员,中式烹调师,汽车维修工,育婴员,起重装卸机械操作工,叉车司机"
	roads     = "人民路,中山路,解放路,新华路,建设路,文化路,团结路,和平路,延安路,环城路"
	parts     = "左手,右手,左足,右足,腰部,头部,胸部,左膝,右膝,双手"
)

// split divides a comma-separated list.
func split(list string) []string {
	var out []string
	start := 0
	for i := 0; i <= len(list); i++ {
		if i == len(list) || list[i] == ',' {
			out = append(out, list[start:i])
			start = i + 1
		}
	}
	return out
}

// nameOf builds a person's name from a hash; every character of the lists takes three bytes.
func nameOf(h uint64) string {
	var b [9]byte
	n := 3 * pick(h, int32(len(surnames)/3))
	copy(b[:], surnames[n:n+3])
	h = mix(h, 17, 0)
	n = 3 * pick(h, int32(len(given)/3))
	copy(b[3:], given[n:n+3])
	if h&7 == 0 { // one name in eight has a single given character
		return string(b[:6])
	}
	h = mix(h, 18, 0)
	n = 3 * pick(h, int32(len(given)/3))
	copy(b[6:], given[n:n+3])
	return string(b[:])
}

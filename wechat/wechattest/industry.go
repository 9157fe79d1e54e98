package wechattest

import (
	"strconv"
	"sync"
)

// industry is what an account has set as its two industries (所属行业).
type industry struct {
	mu                 sync.Mutex // guards the fields below
	primary, secondary int        // 0: not set
	month              int        // in which it was set last
}

type industryName struct {
	First  string `json:"first_class"`
	Second string `json:"second_class"`
}

// industryOf names the industry of a code; false: there is none such.
func industryOf(code int) (industryName, bool) {
	names := [...]industryName{
		{"IT科技", "互联网|电子商务"}, {"IT科技", "IT软件与服务"}, {"IT科技", "IT硬件与设备"},
		{"IT科技", "电子技术"}, {"IT科技", "通信与运营商"}, {"IT科技", "网络游戏"},
		{"金融业", "银行"}, {"金融业", "基金|理财|信托"}, {"金融业", "保险"},
		{"餐饮", "餐饮"}, {"酒店旅游", "酒店"}, {"酒店旅游", "旅游"},
		{"运输与仓储", "快递"}, {"运输与仓储", "物流"}, {"运输与仓储", "仓储"},
		{"教育", "培训"}, {"教育", "院校"},
		{"政府与公共事业", "学术科研"}, {"政府与公共事业", "交警"}, {"政府与公共事业", "博物馆"},
		{"政府与公共事业", "公共事业|非盈利机构"},
		{"医药护理", "医药医疗"}, {"医药护理", "护理美容"}, {"医药护理", "保健与卫生"},
		{"交通工具", "汽车相关"}, {"交通工具", "摩托车相关"}, {"交通工具", "火车相关"}, {"交通工具", "飞机相关"},
		{"房地产", "建筑"}, {"房地产", "物业"}, {"消费品", "消费品"},
		{"商业服务", "法律"}, {"商业服务", "会展"}, {"商业服务", "中介服务"}, {"商业服务", "认证"}, {"商业服务", "审计"},
		{"文体娱乐", "传媒"}, {"文体娱乐", "体育"}, {"文体娱乐", "娱乐休闲"}, {"印刷", "印刷"}, {"其它", "其它"},
	}
	if code < 1 || code > len(names) {
		return industryName{}, false
	}
	return names[code-1], true
}

// setIndustry serves POST /cgi-bin/template/api_set_industry. The codes are
// strings that hold numbers.
func (c *call) setIndustry() reply {
	var codes [2]int
	for i, key := range [...]string{"industry_id1", "industry_id2"} {
		text, ok := c.field(key)
		if !ok {
			return c.refuse(47001)
		}
		n, err := strconv.Atoi(text)
		if _, known := industryOf(n); err != nil || !known {
			return c.refuse(40102)
		}
		codes[i] = n
	}
	in := &c.account.industry
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.month == monthOf(c.now) {
		return c.refuse(43100)
	}
	in.primary, in.secondary, in.month = codes[0], codes[1], monthOf(c.now)
	first, _ := industryOf(codes[0])
	second, _ := industryOf(codes[1])
	c.account.keepIndustries(first, second)
	return c.done()
}

// getIndustry serves GET /cgi-bin/template/get_industry.
func (c *call) getIndustry() reply {
	in := &c.account.industry
	in.mu.Lock()
	defer in.mu.Unlock()
	primary, ok := industryOf(in.primary)
	if !ok {
		return c.refuse(40102)
	}
	secondary, _ := industryOf(in.secondary)
	return c.success(struct {
		Primary   industryName `json:"primary_industry"`
		Secondary industryName `json:"secondary_industry"`
	}{primary, secondary})
}

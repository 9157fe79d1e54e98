package main

import "maps"

// chinese returns the Chinese lines, keyed by the English ones.
func chinese() map[string]string {
	all := make(map[string]string)
	for _, part := range []map[string]string{chineseHelp, chineseServe, chineseDemo, chineseMistakes} {
		maps.Copy(all, part)
	}
	return all
}

var chineseServe = map[string]string{
	"Simulation: nothing leaves this machine.":               "模拟运行：不会有任何内容离开本机。",
	"Demo school: %s (delete the file to begin anew)":        "演示学校：%s（删除该文件即可重新开始）",
	"Listening on %s: callback %s, photo page %s, health %s": "正在监听 %s：回调 %s，照片页 %s，健康检查 %s",
	"Ended; all work is done.":                               "已结束，所有工作均已完成。",
	"not all work was done within %s":                        "%s 内未能完成全部工作",
	"interrupted":                                            "已中断",
	"warning: ":                                              "注意：",
	"the Redis %s does not answer (%s): going on without it, at %.3g messages a second, until it does":         "Redis %s 没有应答（%s）：暂不使用它继续，恢复之前每秒 %.3g 条",
	"%d of the newest %d photos are on hosts that -photo-hosts does not allow: %s":                             "最新照片中有 %d 张（共检查 %d 张）位于 -photo-hosts 不允许的主机：%s",
	"%d of the newest %d photos have addresses that cannot be used: neither https:// nor a path in -photo-dir": "最新照片中有 %d 张（共检查 %d 张）地址无法使用：既不是 https:// 也不是 -photo-dir 中的路径",
	"the photos could not be checked: %s": "无法检查照片：%s",
	"%d codes for %d pupils":              "已生成 %d 个绑定码，共 %d 名学生",
	"%d pupils have codes already and got none: -student ID or -reissue makes new ones":           "%d 名学生已有绑定码，未重新生成：可用 -student 学号 或 -reissue 重新生成",
	"student_id,student_name,class,code,good until":                                               "学生编号,学生姓名,班级,绑定码,有效期至",
	"The menu of account %s is %s now; phones show it within a day, at once after following anew": "公众号 %s 的菜单已更新为 %s；手机端一天内生效，重新关注后立即可见",
	"no item of the menu has the type click and the key %s, which asks for photos":                "菜单中没有类型为 click、key 为 %s 的项目（用于查询照片）",
	"the database":    "数据库",
	"the demo school": "演示学校",
	"the ledger":      "发送台账",
}

var chineseDemo = map[string]string{
	"what the conversation has written could not be deleted: %s": "对话演示写入的数据未能删除：%s",
	"mother":                         "妈妈",
	"father":                         "爸爸",
	"stranger":                       "陌生人",
	"school":                         "学校",
	"(follows the account)":          "（关注公众号）",
	"(taps 查询照片 in the menu)":        "（点击菜单“查询照片”）",
	"(leaves the account)":           "（取消关注）",
	"[a picture of %d bytes]":        "［图片，%d 字节］",
	"Template messages: %d accepted": "模板消息：%d 条已被接受",
	"The mother's link, which works in a browser while this program runs: %s":         "妈妈收到的链接（程序运行期间可用浏览器打开）：%s",
	"Receipts: %d delivered, %d blocked by the parent, %d failed, %d without one yet": "送达回执：送达 %d，家长拒收 %d，失败 %d，尚无回执 %d",
	"The conversation went as it should.":                                             "对话演示全部符合预期。",
	"the conversation ended early: %s":                                                "对话演示提前结束：%s",
	"%d answers were not as expected":                                                 "有 %d 处回答不符合预期",
	"the answer should have been about %q":                                            "回答中应包含 %q",
	"each parent should have got one picture, and nobody else":                        "应当每位家长各收到一张图片，其他人没有",
	"the picture should have been uploaded once, not %d times":                        "图片应当只上传一次，而不是 %d 次",
	"one delivered and one blocked were expected":                                     "应为送达一条、拒收一条",
	"the ledger still has the openid of a parent who has left":                        "台账中仍有已取消关注家长的 openid",
}

var chineseMistakes = map[string]string{
	"unknown command %q: the commands are codes and menu": "没有命令 %q：可用的命令是 codes、menu",
	"%q is not expected here":                             "此处不应出现 %q",
	"codes needs the name of a CSV file with the columns student_id, student_name and class: photobot codes ROSTER.csv": "codes 需要 CSV 文件名，含列 student_id（学号）、student_name（姓名）、class（班级）：photobot codes ROSTER.csv",
	"menu needs the name of a JSON file: photobot menu FILE.json":                                                       "menu 需要 JSON 文件名：photobot menu FILE.json",
	"-%s does nothing with %s": "-%s 不能用于 %s",
	"write it redis://USER:PASSWORD@HOST:6379/0, or rediss:// for TLS": "请写成 redis://用户:密码@主机:6379/0，TLS 用 rediss://",
	"-%s must be at least %v":                                                       "-%s 不得小于 %v",
	"-%s must be from %v to %v":                                                     "-%s 须在 %v 到 %v 之间",
	"-%s and -%s do not go together":                                                "-%s 与 -%s 不能同时使用",
	"-fallback must be help, agent or silent":                                       "-fallback 只能是 help、agent 或 silent",
	"-photo-auth must be openid or link":                                            "-photo-auth 只能是 openid 或 link",
	"-cert and -key go together: both for TLS, neither behind a proxy":              "-cert 与 -key 必须同时给出（启用 TLS），在代理之后则都不需要",
	"-addr: %q is not of the form HOST:PORT, such as 127.0.0.1:8080":                "-addr：%q 不是 主机:端口 的形式，例如 127.0.0.1:8080",
	"-public-url must be an address without a path, such as https://school.example": "-public-url 必须是不带路径的网址，例如 https://school.example",
	"-lang must be zh or en":                                                        "-lang 只能是 zh 或 en",
	"The flags are explained by: %s":                                                "参数说明：%s",
	"-demo-exit is for the simulation only":                                         "-demo-exit 只能用于模拟运行",
	"-db (or WXHOME_DB) is missing: the demo school is for the simulation only":     "缺少 -db（或 WXHOME_DB）：演示学校只能用于模拟运行",
	"-public-url is missing: the address under which WeChat and parents reach this server, such as https://school.example": "缺少 -public-url：微信和家长访问本服务器的网址，例如 https://school.example",
	"-photo-hosts or -photo-dir is missing: where photos may come from":                                                    "缺少 -photo-hosts 或 -photo-dir：照片从哪里读取",
	"WECHAT_TOKEN is missing: the Token (令牌) of the console's callback settings (消息推送)":                                    "缺少 WECHAT_TOKEN：后台“消息推送”配置中的 Token（令牌）",
	"WXHOME_LINK_KEY is missing: a secret of at least %d characters that batchpush knows too":                              "缺少 WXHOME_LINK_KEY：至少 %d 个字符的密钥，batchpush 使用同一个",
	"%s must have at least %d characters":                                                                                  "%s 至少需要 %d 个字符",
	"-out: there is a file %s already":                                                                                     "-out：文件 %s 已存在",
	"-student: %s has no pupil %s":                                                                                         "-student：%s 中没有学生 %s",
	"no codes were issued":                                                                                                 "没有生成任何绑定码",
	"the codes could not be written: %v; issue them anew with -reissue":                                                    "绑定码无法写出：%v；请用 -reissue 重新生成",
	"%s is not one JSON object in UTF-8: %v":                                                                               "%s 不是一个 UTF-8 的 JSON 对象：%v",
	"%s has no list \"button\" in WeChat's form, {\"button\": [{\"type\": \"click\", \"name\": \"查询照片\", \"key\": \"PHOTO\"}]}: %v": "%s 中没有微信格式的 \"button\" 列表（{\"button\": [{\"type\": \"click\", \"name\": \"查询照片\", \"key\": \"PHOTO\"}]}）：%v",
	"the server ended: %v": "服务器已终止：%v",
}

var chineseHelp = map[string]string{
	helpText: `photobot 在微信中回答家长，并提供照片页。

  photobot [参数]                    启动服务；无参数且无凭据时，用演示学校模拟运行
  photobot codes [参数] ROSTER.csv   为名册中的学生生成一次性绑定码，以 CSV 输出到标准输出
  photobot menu [参数] FILE.json     重新创建公众号菜单：启用回调后，后台设置的菜单会失效

环境变量：WECHAT_APPID、WECHAT_APPSECRET、WECHAT_BASE_URL、WECHAT_TOKEN、WECHAT_AES_KEY（设置后为安全模式）、WXHOME_DB、WXHOME_LEDGER、
WXHOME_LINK_KEY、WXHOME_PRIVACY_KEY；更换期间可另设 WECHAT_TOKEN_PREVIOUS、WECHAT_AES_KEY_PREVIOUS、
WXHOME_LINK_KEY_PREVIOUS、WXHOME_PRIVACY_KEY_PREVIOUS
退出码：0 收到信号并完成全部工作；1 有工作被中断；2 用法或配置错误；3 无法连接微信

参数：`,
	flagTexts["simulate"]:       "即使其余配置是真实的也只做模拟：不会有任何内容离开本机",
	flagTexts["demo-exit"]:      "模拟运行：演示对话后退出，未给出 -addr 时使用任意空闲端口",
	flagTexts["db"]:             "学校的`数据库`：sqlite:路径 或 mysql:用户:密码@tcp(主机:端口)/库名（也可用 WXHOME_DB；默认演示学校）",
	flagTexts["ledger"]:         "存放发送台账和送达回执的另一个`数据库`，与 batchpush 相同（也可用 WXHOME_LEDGER；默认同 -db）",
	flagTexts["redis"]:          "与同一公众号的其他进程共享 access_token、速率和消息去重的 Redis `网址`，例如 redis://:密码@127.0.0.1:6379/0；Redis 不可用期间各进程独立运行，按三分之一速率",
	flagTexts["rate"]:           "每秒客服消息`条数`，使用 -redis 时为所有进程合计",
	flagTexts["addr"]:           "监听`地址`；回调在 /wechat/callback，照片页在 /photo，健康检查在 /healthz",
	flagTexts["public-url"]:     "微信和家长访问本服务器的`网址`，例如 https://school.example",
	flagTexts["photo-hosts"]:    "允许读取照片的`主机`，用逗号分隔；*.school.example 表示其下所有主机",
	flagTexts["photo-dir"]:      "照片`目录`：用于没有主机的地址，以及主机不在 -photo-hosts 中的地址",
	flagTexts["photo-auth"]:     "谁可以看照片页：`openid`（已绑定的家长，网页授权）或 link（持有链接者）",
	flagTexts["mp-verify"]:      "存放微信要求的 MP_verify_*.txt 文件的`目录`",
	flagTexts["cert"]:           "TLS 证书`文件`；不设置时由前面的代理处理 TLS",
	flagTexts["key"]:            "TLS 证书私钥`文件`",
	flagTexts["link-ttl"]:       "聊天中链接的有效`时长`",
	flagTexts["fallback"]:       "听不懂的文字如何处理：`help`（说明用法）、agent（转人工客服）或 silent（不回复）",
	flagTexts["name"]:           "家长熟悉的公众号`名称`",
	flagTexts["messages"]:       "家长发送消息后 48 小时内微信允许的客服消息条数",
	flagTexts["click-messages"]: "家长点击菜单后一分钟内微信允许的客服消息条数",
	flagTexts["per-pupil"]:      "codes：每名学生几个绑定码",
	flagTexts["student"]:        "codes：只为该`学号`的学生生成，其未使用的绑定码随即作废",
	flagTexts["code-ttl"]:       "codes：绑定码的有效`时长`",
	flagTexts["reissue"]:        "codes：已有绑定码的学生也重新生成，未使用的随即作废",
	flagTexts["out"]:            "codes：写入这个新`文件`",
	flagTexts["lang"]:           "提示`语言`：zh 或 en（默认按系统区域）",
}

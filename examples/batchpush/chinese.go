package main

// chinese returns the Chinese lines, keyed by the English ones.
func chinese() map[string]string {
	all := make(map[string]string)
	for _, part := range []map[string]string{chineseHelp, chinesePush, chineseControl, chineseUnusual, chineseCheck, chineseMistakes, chineseRules, chineseOthers, chineseChild} {
		for english, line := range part {
			all[english] = line
		}
	}
	return all
}

var chinesePush = map[string]string{
	"Simulation: nothing leaves this machine.":        "模拟运行：不会有任何内容离开本机。",
	"Demo school: %s (delete the file to begin anew)": "演示学校：%s（删除该文件即可重新开始）",
	"Account %s at %s, database %s, template %s %s":   "公众号 %s，接口 %s，数据库 %s，模板 %s %s",
	"Ledger: %s":  "发送台账：%s",
	"Campaign %s": "推送任务 %s",
	"Messages of this campaign that arrived before the newest photo: %d. To send that photo too: %s": "本次推送中有 %d 条消息发出后照片又有更新。要把新照片也发出：%s",
	"Continuing the unfinished campaign %s (another one: -new)":                                      "继续未完成的推送任务 %s（另起一个请用 -new）",
	"%d recipients: %d to send, %d unchanged, %d done; %d left out (no openid or no photo)":          "共 %d 个接收人：待发 %d，无变化 %d，已处理 %d；另有 %d 行缺少 openid 或照片，不计入",
	"Finished at about %s (%s), at %g a second and %s between batches of %d":                         "预计 %s 完成（%s），每秒 %g 条，批次间隔 %s，每批 %d 条",
	"Quota left today: %d of %d": "今日剩余额度：%d / %d",
	"%d messages are left of today's quota of %d: the rest has to wait for tomorrow": "今日仅剩 %d 条额度（每日 %d 条）：其余要等到明天",
	"Send %d messages? [y/N] ": "确定发送 %d 条消息吗？[y/N] ",
	"Nothing was sent.":        "没有发送任何消息。",
	"Dry run of campaign %s: nothing is sent and nothing is written.": "推送任务 %s 试算：不发送，不写入。",
	"this message would fail: %s":                                     "这条消息会失败：%s",
	"Trial message accepted, msgid %d. No campaign was touched.":      "测试消息已被接受，msgid %d。未改动任何推送任务。",
	"pushing":                                  "推送中",
	"next batch at %s":                         "下一批 %s",
	"%d of %d; the next batch begins at %s":    "%d / %d；下一批于 %s 开始",
	"%d of %d (%d %%), %.1f a second, %s left": "%d / %d（%d %%），每秒 %.1f 条，还需 %s",
	"%s: %d recipients = %d unchanged + %d accepted + %d skipped + %d failed + %d unknown + %d pending":      "%s：接收人 %d = 无变化 %d + 已接受 %d + 跳过 %d + 失败 %d + 结果未知 %d + 待发 %d",
	"%d sent in this run in %.1f s; %d rows left out (no openid or no photo)":                                "本次发送 %d 条，用时 %.1f 秒；%d 行缺少 openid 或照片，未计入",
	"What failed, and why, as a file for Excel: %s":                                                          "查看失败的消息及原因（Excel 文件）：%s",
	"To send the failed ones again, once that is mended: %s":                                                 "处理后重发失败的消息：%s",
	"Nobody knows whether the unknown ones arrived. To send them again, at the risk of a second message: %s": "结果未知的消息可能已送达。如需重发（家长可能收到两次）：%s",
	"To continue: %s":               "继续推送：%s",
	"interrupted":                   "已中断",
	"interrupted; nothing was sent": "已中断，没有发送任何消息",
	"the daily quota is used up":    "今日额度已用完",
	"WeChat refuses every message":  "微信拒绝了所有消息",
	"WeChat cannot be reached":      "无法连接微信",
	"next push: %s":                 "下次推送：%s",
	"Campaign %s of %s is not finished. It was begun with another template, fields, since or link, so it is left alone.": "推送任务 %s（%s 开始）未完成，其模板、字段、since 或链接与现在不同，不自动继续。",
	"Campaign %s of %s is not finished. It is older than 48 hours, so it is left alone. To continue it: %s":              "推送任务 %s（%s 开始）未完成，已超过 48 小时，不自动继续。如需继续：%s",
	"the quota is used up; going on at %s":                                            "额度已用完，将于 %s 继续",
	"the database answers again; going on":                                            "数据库已恢复响应，继续推送",
	"firings skipped until %s: %d, since the push of %s was still running":            "截至 %s 跳过了 %d 次定时推送：%s 的推送仍在进行",
	"%s: %d lines: %d added, %d updated, %d unchanged":                                "%s：共 %d 行，新增 %d，更新 %d，无变化 %d",
	"Receipts: %d delivered, %d blocked by the parent, %d failed, %d without one yet": "送达回执：送达 %d，家长拒收 %d，失败 %d，尚无回执 %d",
	"%d rows written to %s":                                                           "已将 %d 行写入 %s",
	"openid,student id,student name,state,errcode,reason,attempts,time":               "openid,学生编号,学生姓名,状态,错误码,原因,尝试次数,时间",
	"skipped":   "跳过",
	"failed":    "失败",
	"unknown":   "未知",
	"warning: ": "注意：",
	"the Redis %s does not answer (%s): going on without it, at %.3g a second until it does": "Redis %s 没有应答（%s）：暂不使用它继续，恢复之前每秒 %.3g 条",
}

var chineseControl = map[string]string{
	"All campaigns of account %s are paused, and those to come: within two seconds nothing new is sent. What may have left is still repeated.": "公众号 %s 的全部任务（含以后的任务）已暂停：两秒内不再发送新消息；可能已发出的仍会按原编号重试。",
	"Campaign %s is paused: within two seconds nothing new is sent. What may have left is still repeated.":                                     "推送任务 %s 已暂停：两秒内不再发送新消息；可能已发出的仍会按原编号重试。",
	"To go on: %s": "恢复：%s",
	"All campaigns of account %s go on, wherever a process or a worker waits for that.":                                          "公众号 %s 的全部任务已恢复，等待中的进程会继续发送。",
	"But campaign %s still waits for a yes, since it is the account's first or unusually large. To send it: %s":                  "但推送任务 %s 仍须确认（公众号首次推送或数量异常增多）。确认发送：%s",
	"Campaign %s goes on, wherever a process or a worker waits for that.":                                                        "推送任务 %s 已恢复，等待中的进程会继续发送。",
	"Cancel campaign %s for good? [y/N] ":                                                                                        "确定永久取消推送任务 %s 吗？[y/N] ",
	"Nothing was cancelled.":                                                                                                     "没有取消任何任务。",
	"Campaign %s is cancelled: %d messages are not sent, %d may have been, %d are being settled by the process that sends them.": "推送任务 %s 已取消：%d 条不再发送，%d 条可能已送达，%d 条由正在发送的进程处理。",
	"campaign %s: %s; that is final, and its name is not taken again: use another -campaign":                                     "推送任务 %s：%s；取消后不可恢复，名称也不能再用：请换一个 -campaign",
	"Campaign %s: %s. Go on with it? [y/N] ":                                                                                     "推送任务 %s：%s。要继续吗？[y/N] ",
	"%s: %s":                                                                                                                     "%s：%s",
	"Reading the school's database for %s now; Ctrl-C ends it":                                                                   "正在读取学校数据库，已用 %s；按 Ctrl-C 可结束",
	"%s is set to something else than -%s: set it to the value of -%[2]s before you run a command that is printed here":          "%s 与 -%s 的值不同：执行此处打印的命令前，请先把它设为 -%[2]s 的值",
	"Going on with %s.": "继续推送 %s。",
	"%d of %d; waiting for what other processes have in their hands:": "%d / %d；等待其他进程占用的行：",
}

var chineseUnusual = map[string]string{
	"%s. Look at it with -dry-run, then add -yes: %s": "%s。请先用 -dry-run 核对，再加上 -yes：%s",
	"%s": "%s",
	"%s; the campaign %s waits for resume -campaign, and -yes would not wait": "%s；推送任务 %s 等待 resume -campaign 后发送（加 -yes 则不等待）",
	"messages of today": "今日发送数",
	"WeChat has counted %d, the ledger %d: unless another program sent the rest, or -to did, the ledger is older than what was sent, as after a restored backup, and a push would send some of it again": "微信计 %d 条，台账计 %d 条：若不是其他程序或 -to 发送的，则台账比实际发送旧（例如从备份恢复），推送可能重复发送",
	"WeChat has counted %d, the ledger %d": "微信计 %d 条，台账计 %d 条",
}

var chineseCheck = map[string]string{
	"A push with these flags would work.":        "按这些参数可以推送。",
	"%d of these must be mended before a push.":  "推送前须先解决以上 %d 项。",
	"AppID and AppSecret":                        "AppID 与 AppSecret",
	"%s got a token at %s":                       "%s 已从 %s 取得 access_token",
	"IP allow list":                              "IP白名单",
	"this machine's outgoing address is allowed": "本机出口地址已在白名单内",
	"clock":                             "时钟",
	"the server does not tell its time": "服务器未返回时间",
	"it differs from the server's by %s: let the system set it (NTP)": "与服务器相差 %s：请开启系统自动校时（NTP）",
	"within %s of the server's":                                       "与服务器相差不超过 %s",
	"template":                                                        "模板",
	"%s is not in the account's list; WeChat does not list every one": "%s 不在模板列表中；微信并不列出全部模板",
	"quota":                        "额度",
	"no daily limit":               "没有每日上限",
	"%d of %d messages left today": "今日剩余 %d / %d 条",
	"today's %d messages are used up; they return at midnight in Beijing": "今日 %d 条额度已用完，北京时间零点恢复",
	"WeChat does not say: %s": "微信未告知：%s",
	"tables":                  "数据表",
	"%s: %d recipients, %d rows left out (no openid or no photo)": "%s：%d 个接收人，%d 行缺少 openid 或照片",
	"values": "模板内容",
	"of the first %d messages: all keep their rules": "前 %d 条消息均符合规则",
	"%d of the first %d messages would fail: %s":     "%d 条会失败（检查了前 %d 条）：%s",
	"not checked without a template":                 "没有模板，未检查",
	"ledger":                                         "发送台账",
	"%s can be written":                              "%s 可写",
	"a push could not take its lock (GET_LOCK): connect to one server directly, not through a proxy or to a cluster that refuses it: %s":                    "推送无法取得锁（GET_LOCK）：请直接连接一台服务器，不要经过代理，也不要连接不支持它的集群：%s",
	"GET_LOCK does not reach other connections to this database (a proxy or a cluster?): let one process push at a time, or connect to one server directly": "GET_LOCK 对该数据库的其他连接无效（是否经过代理或集群？）：同一时间只运行一个推送进程，或直接连接一台服务器",
	"%s cannot be written: %s":                                                                           "%s 不可写：%s",
	"the folder of %s cannot be written: %s":                                                             "%s 所在目录不可写：%s",
	"%s: this user lacks %s; grant it, or keep the ledger elsewhere with -ledger":                        "%s：该用户缺少 %s 权限；请授权，或用 -ledger 把台账放到别处",
	"the rights of this user cannot be read: %s":                                                         "无法读取该用户的权限：%s",
	"innodb_flush_log_at_trx_commit is %s: after a power cut some messages may be sent twice; 1 is safe": "innodb_flush_log_at_trx_commit 为 %s：断电后部分消息可能重发；设为 1 才安全",
	"database": "数据库",
	"flags":    "参数",
	"complete": "齐全",
	"ok":       "正常",
	"!":        "注意",
	"BAD":      "问题",
}

var chineseMistakes = map[string]string{
	"-campaign: %q is no name: 1 to 64 characters, no invisible ones, no spaces around": "-campaign：%q 不能作名称：须为 1 到 64 个字符，不含不可见字符，首尾无空格",
	"messages whose values break a rule, which will not be sent: %d":                    "内容不合规则、不会发送的消息：%d 条",
	"-limit leaves the rest. To continue: %s":                                           "-limit 之外的未发送。继续推送：%s",
	"there is no file %s; nothing was loaded":                                           "找不到文件 %s；没有导入任何内容",
	"nothing was loaded":                      "没有导入任何内容",
	"unknown command %q: the commands are %s": "没有命令 %q：可用的命令是 %s",
	"cancel needs -campaign: it is final. To stop all campaigns for a while, use pause": "cancel 需要 -campaign：取消后不可恢复。如只想暂停全部任务，请用 pause",
	"%q is not expected here": "此处不应出现 %q",
	"import needs the name of a CSV file: batchpush import FILE.csv":            "import 需要 CSV 文件名：batchpush import FILE.csv",
	"-%s does nothing with %s":                                                  "-%s 不能用于 %s",
	"-tz: %q is not a time zone such as Asia/Shanghai":                          "-tz：%q 不是时区，例如 Asia/Shanghai",
	"-since: %q is neither a date such as 2026-11-20 nor a time ago such as 7d": "-since：%q 既不是 2026-11-20 这样的日期，也不是 7d 这样的时长",
	"-%s must be at least %v":                                                   "-%s 不得小于 %v",
	"-%s must be from %v to %v":                                                 "-%s 须在 %v 到 %v 之间",
	"-cron: %q is not a cron line of five fields that ever comes true, such as \"0 18 * * 5\" for Fridays at 18:00": "-cron：%q 不是有效的五段 cron 表达式，例如每周五 18:00 是 \"0 18 * * 5\"",
	"-%s and -%s do not go together":                                            "-%s 与 -%s 不能同时使用",
	"-%s is of use with -%s only":                                               "-%s 只能与 -%s 一起使用",
	"-redis does nothing with -simulate: a simulation shares nothing":           "-redis 不能用于 -simulate：模拟运行不与其他进程共享任何内容",
	"-lang must be zh or en":                                                    "-lang 只能是 zh 或 en",
	"The flags are explained by: %s":                                            "参数说明：%s",
	"-db (or WXHOME_DB) is missing: the demo school is for the simulation only": "缺少 -db（或 WXHOME_DB）：演示学校只能用于模拟运行",
	"-template is missing; the account's: %s":                                   "缺少 -template；查看公众号的模板：%s",
	"a push needs -link URL (signed links to the photo page) or -public-photos (links to the photos themselves)": "推送需要 -link 网址（签名的照片页链接）或 -public-photos（直接链接照片）",
	"-query: there is no file %s":           "-query：找不到文件 %s",
	"-query: %s does not begin with SELECT": "-query：%s 不是以 SELECT 开头",
	"-link needs WXHOME_LINK_KEY, a secret of at least %d characters that the photo page knows too":       "-link 需要 WXHOME_LINK_KEY：至少 %d 个字符的密钥，照片页使用同一个",
	"-new: there is a campaign %s already":                                                                "-new：推送任务 %s 已存在",
	"-to: %q is not an openid":                                                                            "-to：%q 不是 openid",
	"another process is pushing with this ledger (%s): wait until it is done":                             "另一个进程正在使用同一台账推送（%s）：请等它结束",
	"campaign %s was begun with another template, fields, since or link: use those, or another -campaign": "推送任务 %s 开始时用的是另外的模板、字段、since 或链接：请沿用，或换一个 -campaign",
	"take -template from the account's own list: %s":                                                      "-template 须取自本公众号的模板列表：%s",
	"write it redis://USER:PASSWORD@HOST:6379/0, or rediss:// for TLS":                                    "请写成 redis://用户:密码@主机:6379/0，TLS 用 rediss://",
	"the database":    "数据库",
	"the demo school": "演示学校",
	"the ledger":      "发送台账",
	"the ledger has no campaign %s of account %s":                                                     "台账中没有推送任务 %s（公众号 %s）",
	"there is no campaign of account %s in %s yet":                                                    "公众号 %s 在 %s 中还没有推送任务",
	"set WECHAT_APPID to say whose campaigns are meant, or use -simulate for those of the simulation": "请设置 WECHAT_APPID 指明公众号，或用 -simulate 查看模拟运行的任务",
}

var chineseRules = map[string]string{
	"any text, at most 20 characters":             "任意文字，最多 20 个字符",
	"digits, letters and symbols, at most 32":     "数字、字母、符号，最多 32 个",
	"a time, as 15:01 or 2026年11月20日 15:01":       "时间，如 15:01 或 2026年11月20日 15:01",
	"a date, as 2026年11月20日":                      "日期，如 2026年11月20日",
	"an amount, as ¥39.80 or 39.8元":               "金额，如 ¥39.80 或 39.8元",
	"digits and symbols, at most 17":              "数字和符号，最多 17 个",
	"a number plate, at most 8 characters":        "车牌号，最多 8 个字符",
	"one of the values that were approved for it": "申请时填写的固定值之一",
	"digits, at most 32":                          "数字，最多 32 位",
	"letters, at most 32":                         "字母，最多 32 个",
	"symbols, at most 5":                          "符号，最多 5 个",
	"a name, 10 Han characters or 20 letters":     "姓名，10 个汉字或 20 个字母",
	"Han characters, at most 5":                   "汉字，最多 5 个",
	"any text":                                    "任意文字",
	"The account's list shows no such template. Templates are added at mp.weixin.qq.com: 广告与服务 > 模板消息.": "模板列表中没有该模板。添加模板：mp.weixin.qq.com，广告与服务 > 模板消息。",
	"-field does not cover %s of the template %q:":                                                               "-field 没有覆盖 %s（模板 %q）：",
	"-field %s: the template %q has no such keyword:":                                                            "-field %s：模板 %q 没有这个关键词：",
	"-field %s: a link is no value; the message itself is the link (-link or -public-photos)":                    "-field %s：链接不能作为内容；点击消息即可打开链接（-link 或 -public-photos）",
	"the account's list does not show the template %s: give its values with -field, or take another id from: %s": "模板列表中没有 %s：请用 -field 给出内容，或从列表中另选：%s",
	"the account's list does not show the template %s; going on with the -field given":                           "模板列表中没有 %s；按给出的 -field 继续",
}

var chineseHelp = map[string]string{
	helpText: `batchpush 向每位已绑定的家长推送孩子最新照片的模板消息。

  batchpush [参数]                  推送；无参数且无凭据时，向模拟服务器推送演示学校
  batchpush import [参数] FILE.csv  把学校名单导入数据库
  batchpush status [参数]           查看推送任务的结果
  batchpush templates               公众号的模板、关键词和规则
  batchpush pause [参数]            暂停 -campaign（不指定则为全部任务），pushfleet 的任务也适用
  batchpush resume [参数]           继续 -campaign（不指定则为全部任务，等待确认的除外）
  batchpush cancel -campaign 名称   永久取消一个任务
  batchpush check [参数]            检查能否按这些参数推送；不做任何改动

环境变量：WECHAT_APPID、WECHAT_APPSECRET、WECHAT_BASE_URL、WXHOME_DB、WXHOME_LEDGER、WXHOME_REDIS、WXHOME_LINK_KEY、WXHOME_LINK_KEY_PREVIOUS、WXHOME_PRIVACY_KEY（与 photobot 相同，用来认出旧版本时离开的家长）
退出码：0 全部已接受、跳过或无变化；1 有失败或结果未知；2 用法或配置错误；3 提前停止；130 被中断

参数：`,
	"use the simulation although the rest is real: nothing leaves the machine":                                                   "即使其余配置是真实的也只做模拟：不会有任何内容离开本机",
	"the school's `database`: sqlite:PATH or mysql:USER:PASSWORD@tcp(HOST:PORT)/NAME (also WXHOME_DB; default: the demo school)": "学校的`数据库`：sqlite:路径 或 mysql:用户:密码@tcp(主机:端口)/库名（也可用 WXHOME_DB；默认演示学校）",
	"another `database` for the ledger, where the school's may only be read (also WXHOME_LEDGER; default: as -db)":               "学校库只读时，存放发送台账的另一个`数据库`（也可用 WXHOME_LEDGER；默认同 -db）",
	"the template's `id`": "模板 `id`",
	"share the token and the rate with other processes of the account through the Redis at this `URL`, as redis://:PASSWORD@127.0.0.1:6379/0; while it is out of reach each goes on at a third of the rate (also WXHOME_REDIS)": "与同一公众号的其他进程共享 access_token 和速率的 Redis `网址`，例如 redis://:密码@127.0.0.1:6379/0；Redis 不可用期间各进程按三分之一速率继续（也可用 WXHOME_REDIS）",
	"a value of the template, `KEY=TEXT` (repeatable); {column} in TEXT stands for a column, as in thing1={student_name}":                                                                                                       "模板内容 `KEY=TEXT`（可重复）；TEXT 中的 {列名} 会替换为该列，例如 thing1={student_name}",
	"the `name` of the push; the same name continues it and never sends twice (default: photos- and Beijing's date, or the unfinished one of the last 48 h)":                                                                    "推送任务的`名称`；同名即继续，绝不重发（默认 photos- 加北京日期，或 48 小时内未完成的任务）",
	"start another campaign although one is unfinished":                           "即使有未完成的任务也另起一个",
	"only photos updated since a `date`, or a time ago such as 7d (default: all)": "只推送某`日期`以后更新的照片，也可写 7d（默认全部）",
	"messages in a batch": "每批条数",
	"`pause` between batches (default 15m, in the simulation 1s)": "批次`间隔`（默认 15m，模拟时 1s）",
	"messages per second (default 2, in the simulation 400)":      "每秒条数（默认 2，模拟时 400）",
	"messages in flight": "同时在途的条数",
	"base `URL` of the photo page; links are signed with WXHOME_LINK_KEY and expire":                                    "照片页的`网址`；链接用 WXHOME_LINK_KEY 签名并会过期",
	"how long a link works, a `duration`":                                                                               "链接有效`时长`",
	"link to the photo's own URL":                                                                                       "直接链接照片地址",
	"show the count and three messages, and change nothing":                                                             "只显示数量和三条消息，不做改动",
	"the first `N` recipients only":                                                                                     "只发前 `N` 个接收人",
	"send photos that an earlier campaign had accepted, too":                                                            "以前任务已被接受的照片也再发",
	"take failed rows up again":                                                                                         "重新处理失败的行",
	"take unknown rows up again: some parents may get the message twice":                                                "重新发送结果未知的行：部分家长可能收到两次",
	"stay, and push whenever this `line` fires, as \"0 18 * * 5\": Fridays at 18:00":                                    "常驻，按 cron `表达式`定时推送，例如 \"0 18 * * 5\" 是每周五 18:00",
	"the time `zone` of -cron and -since":                                                                               "-cron 与 -since 的`时区`",
	"`language` of these lines: zh or en (default: by locale)":                                                          "提示`语言`：zh 或 en（默认按系统区域）",
	"the summary as one JSON object on stdout, all else on stderr":                                                      "在标准输出打印一个 JSON 汇总，其余内容走标准错误",
	"status: write what was not accepted to this CSV `file`, for Excel":                                                 "status：把未被接受的行写入该 CSV `文件`，供 Excel 打开",
	"do not ask before a new campaign on a terminal, nor before the first push of an account or an unusually large one": "在终端上开始新任务前不询问；公众号首次推送或数量异常增多时也不询问",
}

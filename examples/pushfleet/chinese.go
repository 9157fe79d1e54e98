package main

// chinese returns the Chinese lines, keyed by the English ones.
func chinese() map[string]string {
	all := make(map[string]string)
	for _, part := range []map[string]string{chineseHelp, chinesePush, chineseMistakes} {
		for english, line := range part {
			all[english] = line
		}
	}
	return all
}

var chinesePush = map[string]string{
	"Simulation: nothing leaves this machine.": "模拟运行：不会有任何内容离开本机。",
	"To continue: %s":                          "继续推送：%s",
	"How far it is: %s":                        "查看进度：%s",
	"Continuing the unfinished campaign %s (another one: -campaign)":                                                                                             "继续未完成的推送任务 %s（另起一个请用 -campaign）",
	"Blocks of %d recipients: %d put into the queue, %d were there already":                                                                                      "每块 %d 个接收人：%d 块已放入队列，%d 块已在队列中",
	"The queue is held until %s: %s":                                                                                                                             "队列暂停至 %s：%s",
	"%s: %d recipients = %d unchanged + %d accepted + %d skipped + %d failed + %d unknown + %d pending":                                                          "%s：接收人 %d = 无变化 %d + 已接受 %d + 跳过 %d + 失败 %d + 结果未知 %d + 待发 %d",
	"Campaign %s of %s: %d superseded by this one, %d unknown, which hold their recipients back":                                                                 "推送任务 %s（%s 开始）：%d 行由本任务接替，%d 行结果未知，其接收人暂不发送",
	"Skipped here since another campaign took them over, which was cancelled, so that no campaign sends them: %d. To send them, enqueue with another -campaign.": "%d 条被另一个任务接手而在此跳过，但那个任务已取消，没有任务会发送它们。如要发送，请换一个 -campaign 再执行 enqueue。",
	"%d of them wait for campaign %s, which has not settled its own messages yet: enqueue that one as it was begun, and this one again when it is done":          "其中 %d 行在等待推送任务 %s，那个任务自己的消息尚无结果：请按它开始时的方式再执行一次 enqueue，等它完成后再对本任务执行 enqueue",
	"2 Jan":         "1月2日",
	"leading":       "本进程负责定时",
	"next push: %s": "下次推送：%s",
	"Account %s at %s, ledger %s, Redis %s: %d in flight, %g a second of all workers together": "公众号 %s，接口 %s，台账 %s，Redis %s：同时在途 %d 条，所有 worker 合计每秒 %g 条",
	"%d accepted, %d skipped, %d failed, %d unknown":                                           "已接受 %d，跳过 %d，失败 %d，结果未知 %d",
	"%s by this worker":        "本 worker 合计：%s",
	"going on":                 "继续",
	"campaign %s is done":      "推送任务 %s 已完成",
	"campaign %s":              "推送任务 %s",
	"held back: %s":            "暂停发送：%s",
	"held: %s":                 "暂停中：%s",
	"held until %s: %s":        "暂停至 %s：%s",
	"queue %s: %d blocks wait": "队列 %s：%d 块等待",
	"queue %s: %d messages of the version before wait":  "队列 %s：旧版本的 %d 条消息等待",
	"%s; the command resume of batchpush lets it go on": "%s；用 batchpush 的 resume 命令恢复",
	"interrupted":                        "已中断",
	"the limit by the minute has struck": "触及每分钟上限",
	"the daily quota is used up":         "今日额度已用完",
	"WeChat cannot be reached":           "无法连接微信",
	"%s; give work the same -link as enqueue, then run enqueue again": "%s；请给 work 与 enqueue 相同的 -link，再运行一次 enqueue",
	"%s; mend it, then run enqueue again":                             "%s；请处理后再运行一次 enqueue",
	"warning: %s":                                                     "警告：%s",
	"warning: %s; it waits for a worker with that -link":              "警告：%s；等待使用该 -link 的 worker",
	"warning: %s; the campaign %s waits for the command resume -campaign of batchpush, and -yes would not wait": "警告：%s；推送任务 %s 等待 batchpush 的 resume -campaign 命令（-yes 则不等待）",
}

var chineseMistakes = map[string]string{
	"-lang must be zh or en":         "-lang 只能是 zh 或 en",
	"the Redis %s":                   "Redis %s",
	"the Redis %s: %s":               "Redis %s：%s",
	"the Redis %s: %s; trying again": "Redis %s：%s；正在重试",
	"the Redis %s does not answer (%v); start it, or see -redis": "Redis %s 没有应答（%v）；请启动它，或检查 -redis",
	"the ledger in %s":               "台账 %s",
	"%s; trying again":               "%s；正在重试",
	"%s; going on as soon as it can": "%s；恢复后自动继续",
	"the campaigns of account %s in the Redis %s are those of another ledger than %s: give the WXHOME_DB and WXHOME_LEDGER, or -db and -ledger, that they were put there with, or another Redis; if that ledger is gone for good, delete the key %s there": "公众号 %s 在 Redis %s 中的推送任务属于另一个台账，不是 %s：请给出放入这些任务时的 WXHOME_DB 和 WXHOME_LEDGER（或 -db 和 -ledger），或换一个 Redis；如果那个台账已不复存在，请删除其中的键 %s",
	"-query %s: %v": "-query %s：%v",
	"-field does not cover %s of the template %q":                                               "-field 没有覆盖 %s（模板 %q）",
	"-field %s: the template %q has no such keyword":                                            "-field %s：模板 %q 没有这个关键词",
	"warning: the account's list does not show the template %s; going on with the -field given": "警告：模板列表中没有 %s；按给出的 -field 继续",
	"-field %s: %s": "-field %s：%s",
	"-field %s: a link is no value; the message itself is the link (-link or -public-photos)": "-field %s：链接不能作为内容；消息本身就是链接（-link 或 -public-photos）",
	"-campaign: %v": "-campaign：%v",
	"the photos of %d of %d recipients have the addresses of earlier campaigns, and times that differ by %s: nothing was put into the queue. If only the time zone of the database's address (loc) was changed, enqueue once with -times-shifted; if these are new photos, with -again and another -campaign": "%d 个接收人（共抽查 %d 个）的照片与以前任务的地址相同，时间都相差 %s：没有放入队列。如果只是改了数据库地址中的时区（loc），请带 -times-shifted 运行一次 enqueue；如果确是新照片，请带 -again 并换一个 -campaign",
	"-again stays with the campaign that began with it: continue %s as it was begun, or take another -campaign":  "-again 只能用于开始时就带它的推送任务：请按 %s 开始时的方式继续，或换一个 -campaign",
	"campaign %s was begun with another template, fields, since, link or query: use those, or another -campaign": "推送任务 %s 开始时用的是另外的模板、字段、since、链接或查询：请沿用，或换一个 -campaign",
	"campaign %s was cancelled by %s at %s; choose another name":                                                 "推送任务 %s 已由 %s 于 %s 取消；请换一个名称",
	"-redis: %v":       "-redis：%v",
	"the database: %s": "数据库：%s",
	"the ledger: %s":   "台账：%s",
	"a SQLite file cannot be shared between machines: keep the ledger in MySQL or MariaDB (mysql:USER:PASSWORD@tcp(HOST:3306)/DATABASE)": "SQLite 文件不能由多台机器共用：请把台账放在 MySQL 或 MariaDB（mysql:用户:密码@tcp(主机:3306)/库名）",
	"-link needs WXHOME_LINK_KEY, a secret of at least %d characters that the photo page knows too":                                      "-link 需要 WXHOME_LINK_KEY：至少 %d 个字符、照片页也使用的密钥",
	"-link: %s": "-link：%s",
	"-cron: %v": "-cron：%v",
	"there is no campaign of account %s in %s yet":                              "公众号 %s 在 %s 中还没有推送任务",
	"the ledger has no campaign %s of account %s":                               "台账中没有推送任务 %s（公众号 %s）",
	"%s. If that is meant, add -yes: %s":                                        "%s。如确认无误，请加 -yes：%s",
	"a command is missing: enqueue, work, status or schedule":                   "缺少命令：enqueue、work、status 或 schedule",
	"%q is not expected here":                                                   "此处不应出现 %q",
	"unknown command %q: the commands are enqueue, work, status and schedule":   "没有命令 %q：可用的命令是 enqueue、work、status、schedule",
	"-%s does nothing with %s":                                                  "-%s 不能用于 %s",
	"-tz: %q is not a time zone such as Asia/Shanghai":                          "-tz：%q 不是时区，例如 Asia/Shanghai",
	"-since: %s is still to come: no photo is as new as that":                   "-since：%s 还没有到：没有这么新的照片",
	"-since: %q is neither a date such as 2026-11-20 nor a time ago such as 7d": "-since：%q 既不是 2026-11-20 这样的日期，也不是 7d 这样的时长",
	"-redis (or WXHOME_REDIS) is missing: start one, such as `redis-server --appendonly yes`, and give its address to enqueue and to every worker: -redis redis://127.0.0.1:6379/0": "缺少 -redis（或 WXHOME_REDIS）：请启动一个 Redis，例如 `redis-server --appendonly yes`，并把地址给 enqueue 和每个 worker：-redis redis://127.0.0.1:6379/0",
	"-db (or WXHOME_DB) is missing: the school's database, mysql:USER:PASSWORD@tcp(HOST:3306)/NAME":                                                                                 "缺少 -db（或 WXHOME_DB）：学校的数据库，mysql:用户:密码@tcp(主机:3306)/库名",
	"-rate must be from %v to %v":   "-rate 须在 %v 到 %v 之间",
	"-workers must be from 1 to %d": "-workers 须在 1 到 %d 之间",
	"-%s does not go with schedule: that is a person's decision about one campaign, and each firing would repeat it": "-%s 不能用于 schedule：这是由人对某一个任务作出的决定，而每次定时触发都会重复它",
	"-again does not go with schedule: each firing would send once more what was sent before":                        "-again 不能用于 schedule：每次定时触发都会把已发送的照片再发一遍",
	"-limit does not go with schedule: each firing would reach the same first recipients, and the others never":      "-limit 不能用于 schedule：每次定时触发都只发给同样的前几个接收人，其他人永远收不到",
	"-limit must be at least 1":     "-limit 至少为 1",
	"-link-ttl must be at least 1m": "-link-ttl 至少为 1m",
	"-resend-unknown and -unknown-received do not go together: send the unknown ones again, or count them as received": "-resend-unknown 与 -unknown-received 不能同时使用：或者重发结果未知的行，或者计为已送达",
	"-link and -public-photos do not go together":                                                                          "-link 与 -public-photos 不能同时使用",
	"a push needs -link URL (signed links to the photo page) or -public-photos (links to the photos themselves)":           "推送需要 -link 网址（照片页的签名链接）或 -public-photos（直接链接照片）",
	"-template and -field are missing: the command templates of batchpush shows those of the account, with their keywords": "缺少 -template 和 -field：batchpush 的 templates 命令列出公众号的模板及关键词",
	"-cron: %q is not a cron line of five fields that ever comes true, such as \"0 18 * * 5\" for Fridays at 18:00":        "-cron：%q 不是有效的五段 cron 表达式，例如每周五 18:00 是 \"0 18 * * 5\"",
}

var chineseHelp = map[string]string{
	helpText: `pushfleet 用多台机器、经由 Redis 中的队列发送模板消息。

  pushfleet enqueue [参数]    把接收人载入台账，并把每 200 人一块的任务放入队列；再次运行可补回 Redis 丢失的内容
  pushfleet work [参数]       发送，直到被中断；可在任意多台机器上运行任意多个
  pushfleet status [参数]     进度和合计
  pushfleet schedule [参数]   常驻，按 -cron 定时 enqueue；多个同时运行时由其中一个负责

环境变量：WECHAT_APPID、WECHAT_APPSECRET、WECHAT_BASE_URL、WXHOME_DB、WXHOME_LEDGER、WXHOME_REDIS、WXHOME_LINK_KEY、WXHOME_LINK_KEY_PREVIOUS、WXHOME_PRIVACY_KEY（与 photobot 相同，用来认出旧版本时离开的家长）
退出码：0 正常；1 有失败或结果未知（status）；2 用法或配置错误；3 有服务无法访问；130 被中断

参数：`,
	"the school's `database`, mysql:USER:PASSWORD@tcp(HOST:PORT)/NAME (also WXHOME_DB)":                "学校的`数据库`，mysql:用户:密码@tcp(主机:端口)/库名（也可用 WXHOME_DB）",
	"another `database` for the ledger, mysql:... (also WXHOME_LEDGER; default: as -db)":               "存放发送台账的另一个`数据库`，mysql:...（也可用 WXHOME_LEDGER；默认同 -db）",
	"the Redis that all share, a `URL` such as redis://:PASSWORD@127.0.0.1:6379/0 (also WXHOME_REDIS)": "共用的 Redis `网址`，例如 redis://:密码@127.0.0.1:6379/0（也可用 WXHOME_REDIS）",
	"send to a simulation inside each worker: nothing leaves the machine":                              "向每个 worker 内的模拟服务器发送：不会有任何内容离开本机",
	"a `file` with a SELECT of the columns openid, student_id, student_name, photo_url, photo_update_time (default: the two tables); a JOIN in it compares ids byte for byte with ON a.id = b.id AND CAST(a.id AS BINARY) = CAST(b.id AS BINARY): without it a parent may be told of another child": "含一条 SELECT 的`文件`，列为 openid, student_id, student_name, photo_url, photo_update_time（默认两张表）；其中的 JOIN 须逐字节比较编号：ON a.id = b.id AND CAST(a.id AS BINARY) = CAST(b.id AS BINARY)，否则家长可能收到别的孩子的消息",
	"the template's `id`": "模板 `id`",
	"a value of the template, `KEY=TEXT` (repeatable); {column} in TEXT stands for a column":                                           "模板内容 `KEY=TEXT`（可重复）；TEXT 中的 {列名} 会替换为该列",
	"the `name` of the push; the same name continues it (default: photos- and Beijing's date, or the unfinished one of the last 48 h)": "推送任务的`名称`；同名即继续（默认 photos- 加北京日期，或 48 小时内未完成的任务）",
	"only photos updated since a `date`, or a time ago such as 7d (default: all)":                                                      "只推送某`日期`以后更新的照片，也可写 7d（默认全部）",
	"the first `N` recipients only": "只发前 `N` 个接收人",
	"base `URL` of the photo page; the same for enqueue and work, where links are signed with WXHOME_LINK_KEY": "照片页的`网址`；enqueue 与 work 须相同，work 用 WXHOME_LINK_KEY 签名链接",
	"how long a link works, a `duration`":                                "链接有效`时长`",
	"link to the photo's own URL":                                        "直接链接照片地址",
	"send photos that an earlier campaign had accepted, too":             "以前任务已被接受的照片也再发",
	"take failed rows up again":                                          "重新处理失败的行",
	"take unknown rows up again: some parents may get the message twice": "重新发送结果未知的行：部分家长可能收到两次",
	"count unknown rows as received: somebody has asked the parents":     "将结果未知的行计为已送达（已向家长确认）",
	"Messages of this campaign that arrived before the newest photo: %d. To send that photo too, enqueue with another -campaign.":                               "本次推送中有 %d 条消息发出后照片又有更新。要把新照片也发出，请换一个 -campaign 再执行 enqueue。",
	"photos whose times differ from those of earlier campaigns by one and the same amount are the same, from now on: loc in the database's address was changed": "与以前的推送相比更新时间都相差同一数值的照片，从此视为相同（数据库地址中的 loc 改过）",
	"enqueue whenever this `line` fires, as \"0 18 * * 5\": Fridays at 18:00":                                                                                   "按 cron `表达式`定时 enqueue，例如 \"0 18 * * 5\" 是每周五 18:00",
	"the time `zone` of -cron and -since": "-cron 与 -since 的`时区`",
	"messages per second of all workers together; each must be given the same; while Redis is out of reach each sends at a third of it": "所有 worker 合计每秒条数；各 worker 须相同；Redis 不可用期间各按三分之一发送",
	"messages in flight in this process":                                                                "本进程同时在途的条数",
	"end once every campaign in the fleet is done":                                                      "全部推送任务完成后结束",
	"send the first push of an account, and an unusually large one, without waiting for a person's yes": "公众号的首次推送和异常大的推送不等人确认",
	"the tally as one JSON object on stdout, all else on stderr":                                        "合计以一个 JSON 对象输出到标准输出，其余输出到标准错误",
	"`language` of these lines: zh or en (default: by locale)":                                          "提示`语言`：zh 或 en（默认按系统区域）",
}

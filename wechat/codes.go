package wechat

// The error codes (全局返回码) that this package knows. Compare with errors.Is; a code that
// is not here keeps its number, text and rid in [*Error] and has [KindUnknown].
const (
	ErrSystemBusy                  Code = -1        // system error
	ErrSubscribeSystem             Code = 20001     // subscription library: system error
	ErrSubscribeParameter          Code = 20002     // subscription library: bad parameter
	ErrInvalidCredential           Code = 40001     // invalid credential, access_token is invalid or not latest
	ErrInvalidGrantType            Code = 40002     // invalid grant_type
	ErrInvalidOpenID               Code = 40003     // invalid openid
	ErrInvalidMediaType            Code = 40004     // invalid media type
	ErrInvalidFileType             Code = 40005     // invalid file type
	ErrInvalidMediaSize            Code = 40006     // invalid media size
	ErrInvalidMediaID              Code = 40007     // invalid media_id
	ErrInvalidMessageType          Code = 40008     // invalid message type
	ErrInvalidImageSize            Code = 40009     // invalid image size
	ErrInvalidVoiceSize            Code = 40010     // invalid voice size
	ErrInvalidVideoSize            Code = 40011     // invalid video size
	ErrInvalidThumbSize            Code = 40012     // invalid thumb size
	ErrInvalidAppID                Code = 40013     // invalid appid
	ErrInvalidAccessToken          Code = 40014     // invalid access_token
	ErrInvalidMenuType             Code = 40015     // invalid menu type
	ErrInvalidButtonCount          Code = 40016     // invalid button size
	ErrInvalidButtonType           Code = 40017     // invalid button type
	ErrInvalidButtonName           Code = 40018     // invalid button name size
	ErrInvalidButtonKey            Code = 40019     // invalid button key size
	ErrInvalidButtonURL            Code = 40020     // invalid button url size
	ErrInvalidMenuVersion          Code = 40021     // invalid menu version
	ErrInvalidMenuLevel            Code = 40022     // invalid sub_menu level
	ErrInvalidSubButtonCount       Code = 40023     // invalid sub button size
	ErrInvalidSubButtonType        Code = 40024     // invalid sub button type
	ErrInvalidSubButtonName        Code = 40025     // invalid sub button name size
	ErrInvalidSubButtonKey         Code = 40026     // invalid sub button key size
	ErrInvalidSubButtonURL         Code = 40027     // invalid sub button url size
	ErrInvalidMenuUser             Code = 40028     // invalid menu api user
	ErrInvalidOAuthCode            Code = 40029     // invalid code (web authorization)
	ErrInvalidRefreshToken         Code = 40030     // invalid refresh_token
	ErrInvalidOpenIDList           Code = 40031     // invalid openid list
	ErrInvalidOpenIDListLength     Code = 40032     // invalid openid list size
	ErrInvalidCharset              Code = 40033     // invalid charset, illegal request characters or \\uxxxx
	ErrInvalidArgsSize             Code = 40035     // invalid args size
	ErrInvalidTemplateIDSize       Code = 40036     // invalid template_id size
	ErrInvalidTemplateID           Code = 40037     // invalid template_id
	ErrInvalidPackagingType        Code = 40038     // invalid packaging type
	ErrInvalidURLSize              Code = 40039     // invalid url size
	ErrInvalidURLDomain            Code = 40048     // invalid url domain
	ErrInvalidGroupID              Code = 40050     // invalid group id
	ErrInvalidGroupName            Code = 40051     // invalid group name
	ErrInvalidActionName           Code = 40052     // invalid action name
	ErrInvalidActionInfo           Code = 40053     // invalid action info
	ErrInvalidSubButtonDomain      Code = 40054     // invalid sub button url domain
	ErrInvalidButtonDomain         Code = 40055     // invalid button url domain
	ErrInvalidArticleIndex         Code = 40060     // invalid article idx
	ErrInvalidTitleSize            Code = 40062     // invalid title size
	ErrInvalidURL                  Code = 40066     // invalid url
	ErrInvalidRemark               Code = 40092     // invalid remark name
	ErrInvalidArgs                 Code = 40097     // invalid args
	ErrMissingParameter            Code = 40101     // missing parameter
	ErrInvalidIndustryID           Code = 40102     // invalid industry id
	ErrInvalidIndustryIndex        Code = 40103     // invalid industry index
	ErrUnsupportedFileType         Code = 40113     // unsupported file type
	ErrInvalidButtonMediaID        Code = 40117     // invalid button media_id size
	ErrInvalidSubButtonMediaID     Code = 40118     // invalid sub button media_id size
	ErrButtonTypeNotAllowed        Code = 40119     // button type not allowed here
	ErrSubButtonTypeNotAllowed     Code = 40120     // sub button type not allowed here
	ErrInvalidViewLimited          Code = 40121     // invalid media type in view_limited
	ErrInvalidAppSecret            Code = 40125     // invalid appsecret
	ErrInvalidScene                Code = 40129     // invalid scene
	ErrInvalidOpenIDListSize       Code = 40130     // invalid openid list size
	ErrInvalidWeChatName           Code = 40132     // invalid username (WeChat name)
	ErrInvalidImageFormat          Code = 40137     // invalid image format
	ErrForeignHomePage             Code = 40155     // a link to another account's home page
	ErrOAuthCodeUsed               Code = 40163     // code been used (web authorization)
	ErrIPNotAllowed                Code = 40164     // invalid ip, not in whitelist
	ErrInvalidMiniProgramPath      Code = 40165     // invalid mini program pagepath
	ErrInvalidMiniProgramAppID     Code = 40166     // invalid mini program appid
	ErrInvalidAuthor               Code = 40192     // invalid author in news
	ErrInvalidAccountType          Code = 40200     // invalid account type
	ErrInvalidCheckURL             Code = 40201     // callback check: invalid url
	ErrInvalidCheckAction          Code = 40202     // callback check: invalid action
	ErrInvalidCheckOperator        Code = 40203     // callback check: invalid check_operator
	ErrInvalidHrefTag              Code = 40213     // invalid href tag
	ErrInvalidHrefText             Code = 40214     // invalid href text
	ErrInvalidAPISignature         Code = 40234     // invalid API signature
	ErrAppSecretFrozen             Code = 40243     // AppSecret frozen
	ErrInvalidKeywordList          Code = 40246     // invalid keyword_name_list
	ErrCategoryTemplateRequired    Code = 40247     // a category template is required
	ErrMarketingContent            Code = 40249     // marketing content refused
	ErrMissingAccessToken          Code = 41001     // access_token missing
	ErrMissingAppID                Code = 41002     // appid missing
	ErrMissingRefreshToken         Code = 41003     // refresh_token missing
	ErrMissingAppSecret            Code = 41004     // appsecret missing
	ErrMissingMediaData            Code = 41005     // media data missing
	ErrMissingMediaID              Code = 41006     // media_id missing
	ErrMissingSubMenu              Code = 41007     // sub_menu data missing
	ErrMissingOAuthCode            Code = 41008     // code missing (web authorization)
	ErrMissingOpenID               Code = 41009     // openid missing
	ErrMissingComponentAppID       Code = 41018     // missing component_appid
	ErrMissingComponentToken       Code = 41021     // missing component_access_token
	ErrInvalidPage                 Code = 41030     // invalid page
	ErrAccessTokenExpired          Code = 42001     // access_token expired
	ErrRefreshTokenExpired         Code = 42002     // refresh_token expired (web authorization)
	ErrOAuthCodeExpired            Code = 42003     // code expired (web authorization)
	ErrComponentTokenExpired       Code = 42006     // component_access_token expired
	ErrAuthorizationExpired        Code = 42007     // authorization expired (web authorization)
	ErrRequireGET                  Code = 43001     // require GET method
	ErrRequirePOST                 Code = 43002     // require POST method
	ErrRequireHTTPS                Code = 43003     // require https
	ErrNotFollowing                Code = 43004     // require subscribe
	ErrRequireFriend               Code = 43005     // require friend relations
	ErrRequireNotBlocked           Code = 43006     // require not block
	ErrBlacklisted                 Code = 43019     // require remove blacklist
	ErrTemplateChangeTooFrequent   Code = 43100     // change template too frequently
	ErrRefusedByUser               Code = 43101     // user refuse to accept the msg
	ErrNotSubscriptionTemplate     Code = 43102     // the template is not subscription type
	ErrNoTemplatePermission        Code = 43104     // appid lacks permission
	ErrAddTemplateForbidden        Code = 43106     // not allowed to add template, punishment
	ErrTemplateRestricted          Code = 43116     // template restricted
	ErrEmptyMedia                  Code = 44001     // empty media
	ErrEmptyPost                   Code = 44002     // empty post
	ErrEmptyNews                   Code = 44003     // empty news
	ErrEmptyContent                Code = 44004     // empty content
	ErrMediaTooLarge               Code = 45001     // media size out of limit
	ErrContentTooLong              Code = 45002     // content size out of limit
	ErrTitleTooLong                Code = 45003     // title size out of limit
	ErrDescriptionTooLong          Code = 45004     // description size out of limit
	ErrURLTooLong                  Code = 45005     // url size out of limit
	ErrPicURLTooLong               Code = 45006     // picurl size out of limit
	ErrPlayTimeTooLong             Code = 45007     // playtime out of limit
	ErrTooManyArticles             Code = 45008     // article size out of limit
	ErrDailyQuota                  Code = 45009     // reach max api daily quota limit
	ErrTooManyMenus                Code = 45010     // create menu limit
	ErrMinuteLimit                 Code = 45011     // api minute-quota reach limit
	ErrTemplateTooLarge            Code = 45012     // template size out of limit
	ErrTooManyArgs                 Code = 45013     // too many args
	ErrMessageTooLarge             Code = 45014     // message size out of limit
	ErrOutOfWindow                 Code = 45015     // response out of time limit or subscription is canceled
	ErrSystemGroup                 Code = 45016     // can't modify a system group
	ErrGroupNameTooLong            Code = 45017     // group name too long
	ErrTooManyGroups               Code = 45018     // too many groups
	ErrTooManyOpenIDs              Code = 45019     // too many openids
	ErrTooManyTemplates            Code = 45026     // template num exceeds limit
	ErrIndustryConflict            Code = 45027     // template conflicts with industry
	ErrNoMassQuota                 Code = 45028     // has no masssend quota
	ErrTooManyQRCodes              Code = 45029     // qrcode count out of limit
	ErrTooManyMedia                Code = 45034     // media count out of limit
	ErrIPNotRegistered             Code = 45035     // access clientip is not registered
	ErrWindowUsedUp                Code = 45047     // out of response count limit
	ErrMenuInvalidType             Code = 45048     // menu uses an invalid type
	ErrCustomInvalidType           Code = 45050     // custom message uses an invalid type
	ErrTemplateInvalidLink         Code = 45051     // template message uses an invalid link
	ErrMassInvalidType             Code = 45052     // mass message uses an invalid type
	ErrTooManyTags                 Code = 45056     // too many tags
	ErrTagInUse                    Code = 45057     // the tag has too many followers to be deleted
	ErrSystemTag                   Code = 45058     // can't modify a system tag
	ErrTooManyTagsOfUser           Code = 45059     // too many tags on one user
	ErrMenuMiniProgram             Code = 45064     // no permission to use the mini program in the menu
	ErrClientMsgIDExists           Code = 45065     // clientmsgid exist
	ErrClientMsgIDTooFast          Code = 45066     // same clientmsgid retry too fast
	ErrClientMsgIDTooLong          Code = 45067     // clientmsgid size out of limit
	ErrInvalidCommand              Code = 45072     // invalid command
	ErrTypingOutOfTime             Code = 45080     // need an exchange in the last 30 seconds before typing
	ErrAlreadyTyping               Code = 45081     // you are already typing
	ErrICPRequired                 Code = 45082     // need icp license for the url domain
	ErrMassSpeedRange              Code = 45083     // the speed is out of range
	ErrMassSpeedMissing            Code = 45084     // no speed in the message
	ErrMassSpeedBusy               Code = 45085     // speed server error
	ErrInvalidMiniProgramAttribute Code = 45086     // invalid attribute data-miniprogram-appid
	ErrCustomBlocked               Code = 45087     // customer service messages of this account are blocked
	ErrCustomPunished              Code = 45094     // not allowed to send custom messages, punishment
	ErrMenuListTooLong             Code = 45098     // msgmenu list out of limit
	ErrMenuItemTooLong             Code = 45099     // msgmenu item out of limit
	ErrBlockedTemporarily          Code = 45102     // this api has been blocked temporarily
	ErrUnsupportedAPI              Code = 45103     // this api is unsupported
	ErrWithdrawnAPI                Code = 45106     // this api has been withdrawn
	ErrWithdrawnUniformSend        Code = 45109     // uniform_send has been withdrawn
	ErrInvalidTagName              Code = 45157     // invalid tag name
	ErrTagNameTooLong              Code = 45158     // tag name too long
	ErrInvalidTagID                Code = 45159     // invalid tag id
	ErrInvalidType                 Code = 45162     // invalid type
	ErrInvalidDraft                Code = 45166     // invalid content (draft)
	ErrTaggingBusy                 Code = 45169     // concurrent tagging of one openid
	ErrSomeOpenIDsFailed           Code = 45171     // some openids failed (fail_openid_list)
	ErrBlockedBySupervisor         Code = 45501     // requests temporarily blocked by supervisor
	ErrMediaNotFound               Code = 46001     // media data no exist
	ErrMenuVersionNotFound         Code = 46002     // menu version no exist
	ErrMenuNotFound                Code = 46003     // menu no exist
	ErrUserNotFound                Code = 46004     // user no exist
	ErrUnsupportedSince2020        Code = 46101     // this api is not supported since 2020-01-11
	ErrDataFormat                  Code = 47001     // data format error
	ErrUnicodeEscape               Code = 47002     // data format error, do NOT use json unicode encode
	ErrInvalidArgument             Code = 47003     // argument invalid
	ErrUnauthorizedAPI             Code = 48001     // api unauthorized
	ErrUserBlocksMessages          Code = 48002     // user block receive message
	ErrMassNotAgreed               Code = 48003     // user has not agreed to the mass-send protocol
	ErrForbiddenAPI                Code = 48004     // api forbidden for irregularities
	ErrMaterialInUse               Code = 48005     // forbid to delete material used by auto-reply or menu
	ErrClearQuotaLimit             Code = 48006     // forbid to clear quota because of reaching the limit
	ErrMessageTypeNotAllowed       Code = 48008     // no permission for this msgtype
	ErrExpiredAPI                  Code = 48009     // this api is expired
	ErrMaterialReadOnly            Code = 48010     // forbidden to modify the material
	ErrTemplateDisabled            Code = 48011     // disabled template id
	ErrVideoNotUploaded            Code = 48013     // the video is not from the new upload
	ErrVideoInReview               Code = 48014     // the video is under review
	ErrOpenIDOfOtherApp            Code = 49003     // openid does not match the appid
	ErrUserUnauthorized            Code = 50001     // api unauthorized or user unauthorized
	ErrUserLimited                 Code = 50002     // user limited
	ErrTokenForbidden              Code = 50004     // not allowed to use the token interface
	ErrUserUnsubscribed            Code = 50005     // user is unsubscribed
	ErrAccountFrozen               Code = 50007     // account frozen
	ErrDraftCheckFailed            Code = 53503     // draft failed the publish check
	ErrDraftUseConsole             Code = 53504     // use the draft in the console first
	ErrDraftSaveByHand             Code = 53505     // save the draft by hand first
	ErrInvalidArticleID            Code = 53600     // article_id invalid
	ErrComponentNotAuthorized      Code = 61003     // component is not authorized by this account
	ErrClientIPNotRegistered       Code = 61004     // access clientip is not registered
	ErrComponentTicketExpired      Code = 61005     // component ticket is expired
	ErrComponentTicketInvalid      Code = 61006     // component ticket is invalid
	ErrComponentUnauthorizedAPI    Code = 61007     // api is unauthorized to component
	ErrComponentCodeInvalid        Code = 61009     // authorization code is invalid
	ErrComponentCodeExpired        Code = 61010     // authorization code is expired
	ErrInvalidComponent            Code = 61011     // invalid component
	ErrComponentTokenNeeded        Code = 61014     // must use the component token
	ErrAccountTokenNeeded          Code = 61015     // must use the account token
	ErrFunctionUnconfirmed         Code = 61016     // function category to be confirmed
	ErrFunctionUnauthorized        Code = 61017     // function category not authorized
	ErrAuthorizerTokenInvalid      Code = 61023     // refresh_token is invalid
	ErrComponentTokenRequired      Code = 61024     // third-party platform api needs its own token
	ErrAgentSystem                 Code = 61450     // customer service system error
	ErrAgentInvalidParameter       Code = 61451     // customer service: invalid parameter
	ErrAgentInvalidAccount         Code = 61452     // customer service: invalid account
	ErrAgentAccountExists          Code = 61453     // customer service: account exists
	ErrAgentNameTooLong            Code = 61454     // customer service: account name too long
	ErrAgentNameCharacters         Code = 61455     // customer service: illegal characters in the account name
	ErrAgentTooMany                Code = 61456     // customer service: too many accounts
	ErrAgentInvalidAvatar          Code = 61457     // customer service: invalid avatar type
	ErrAgentAcceptedByOther        Code = 61458     // customer accepted by another agent
	ErrAgentOffline                Code = 61459     // agent offline
	ErrAgentInvalidDate            Code = 61500     // customer service: invalid date
	ErrInvalidDateRange            Code = 61501     // date range error
	ErrNotConditionalMenu          Code = 65301     // not a conditional menu
	ErrMenuUserNotFound            Code = 65302     // no such user (trymatch)
	ErrNoDefaultMenu               Code = 65303     // no default menu
	ErrMatchRuleEmpty              Code = 65304     // match rule empty
	ErrTooManyConditionalMenus     Code = 65305     // too many conditional menus
	ErrConditionalMenuUnsupported  Code = 65306     // conditional menus are not supported
	ErrConditionalMenuEmpty        Code = 65307     // conditional menu empty
	ErrButtonWithoutAction         Code = 65308     // a button without action
	ErrConditionalMenuOff          Code = 65309     // conditional menus are switched off
	ErrMatchRegion1                Code = 65310     // region of a match rule (withdrawn)
	ErrMatchRegion2                Code = 65311     // region of a match rule (withdrawn)
	ErrMatchRegion3                Code = 65312     // region of a match rule (withdrawn)
	ErrMatchRegion4                Code = 65313     // region of a match rule (withdrawn)
	ErrMatchRegion5                Code = 65314     // region of a match rule (withdrawn)
	ErrMenuUserNotFollowing        Code = 65315     // not a follower (trymatch)
	ErrMenuTooManyDomains          Code = 65316     // links to more than 3 domains in conditional menus
	ErrMenuInvalidURL              Code = 65317     // invalid url in a conditional menu
	ErrMenuCharset                 Code = 65318     // conditional menu: must use utf-8
	ErrConditionalMenuNotAllowed   Code = 65319     // conditional menus are not allowed
	ErrMatchRulePrivacy            Code = 65320     // match rule violates privacy (language, sex, region)
	ErrAgentNotEnabled             Code = 65400     // customer service feature is not enabled
	ErrAgentUnknown                Code = 65401     // unknown agent
	ErrAgentNotBound               Code = 65402     // agent not bound to a WeChat id
	ErrAgentInvalidNickname        Code = 65403     // invalid agent nickname
	ErrAgentInvalidName            Code = 65404     // invalid agent account name
	ErrAgentLimit                  Code = 65405     // too many agents
	ErrAgentExists                 Code = 65406     // agent exists
	ErrAgentAlreadyWorker          Code = 65407     // invitee is an agent already
	ErrAgentInvited                Code = 65408     // invitation pending
	ErrAgentInvalidWeChatID        Code = 65409     // invalid WeChat id
	ErrAgentWorkerBoundTooOften    Code = 65410     // invitee bound to too many accounts
	ErrAgentInvitationPending      Code = 65411     // an invitation is pending
	ErrAgentAlreadyBound           Code = 65412     // agent already bound
	ErrAgentNoSession              Code = 65413     // no session
	ErrAgentSessionOfOther         Code = 65414     // customer served by another agent
	ErrAgentNotOnline              Code = 65415     // the agent is not online
	ErrAgentInvalidRange           Code = 65416     // customer service: invalid parameter
	ErrAgentRangeTooLong           Code = 65417     // customer service: too long from starttime to endtime
	ErrMinorProtected              Code = 70000     // protection of minors, message refused
	ErrRIDNotFound                 Code = 76001     // rid not found
	ErrRIDMalformed                Code = 76002     // rid malformed
	ErrRIDNotYours                 Code = 76003     // rid of another account
	ErrRIDTooOld                   Code = 76004     // rid older than 7 days
	ErrCGIPathNotFound             Code = 76021     // cgi_path not found
	ErrCGIPathForbidden            Code = 76022     // no permission for cgi_path
	ErrCloudUnauthorized           Code = 85105     // not authorized on Cloud Run
	ErrCloudPathNotListed          Code = 85107     // the path is not on the Cloud Run allow list
	ErrCloudSecretNotFound         Code = 85112     // cloudbase_secret not found
	ErrCloudTokenNotReady          Code = 85113     // cloudbase_token is not ready yet
	ErrIPConfirmationPending       Code = 89501     // IP is waiting for the admin's confirmation
	ErrIPConfirmationWaiting1      Code = 89502     // waiting for the admin's confirmation
	ErrIPConfirmationNeeded        Code = 89503     // admin must confirm this call
	ErrIPConfirmationWaiting2      Code = 89504     // waiting for the admin's confirmation
	ErrIPConfirmationWaiting3      Code = 89505     // waiting for the admin's confirmation
	ErrIPRefusedDay                Code = 89506     // IP refused by admin for 24 hours
	ErrIPRefusedHour               Code = 89507     // IP refused by admin for 1 hour
	ErrSubscribeBadParameter1      Code = 200001    // subscription library: bad parameter
	ErrSubscribeBadParameter2      Code = 200002    // subscription library: bad parameter
	ErrSubscribeAccountBanned      Code = 200011    // account banned from templates
	ErrSubscribeTooManyTemplates   Code = 200012    // private template limit reached
	ErrSubscribeTemplateBanned     Code = 200013    // template banned
	ErrSubscribeInvalidTID         Code = 200014    // invalid tid
	ErrSubscribeInvalidStart       Code = 200016    // invalid start
	ErrSubscribeInvalidLimit       Code = 200017    // invalid limit
	ErrSubscribeMissingIDs         Code = 200018    // ids missing
	ErrSubscribeInvalidIDs         Code = 200019    // invalid ids
	ErrSubscribeInvalidKidList     Code = 200020    // invalid kidList
	ErrSubscribeInvalidSceneDesc   Code = 200021    // invalid sceneDesc
	ErrSubscribeDuplicate          Code = 200022    // a template of the same title and keywords exists
	ErrSubscribeAccountType        Code = 200100    // account type without this permission
	ErrShortKeyDataTooLong         Code = 9410010   // short key: data over 4 KB
	ErrShortKeyExpiryTooLong       Code = 9410011   // short key: expire_seconds over the limit
	ErrShortKeyUnknown             Code = 9410012   // short key unknown, expired or of another account
	ErrFollowersBusy               Code = 268487001 // system busy (list of followers)
	ErrBlacklistBusy               Code = 268487002 // system busy (blacklist)
)

// codes tells what each known code asks of the caller, and the words for it when the
// platform sends none.
var codes = map[Code]struct {
	kind Kind
	text string
}{
	ErrSystemBusy:                  {KindBusy, "system error"},
	ErrSubscribeSystem:             {KindBusy, "subscription library: system error"},
	ErrSubscribeParameter:          {KindRequest, "subscription library: bad parameter"},
	ErrInvalidCredential:           {KindToken, "invalid credential, access_token is invalid or not latest"},
	ErrInvalidGrantType:            {KindRequest, "invalid grant_type"},
	ErrInvalidOpenID:               {KindRecipient, "invalid openid"},
	ErrInvalidMediaType:            {KindRequest, "invalid media type"},
	ErrInvalidFileType:             {KindRequest, "invalid file type"},
	ErrInvalidMediaSize:            {KindRequest, "invalid media size"},
	ErrInvalidMediaID:              {KindValue, "invalid media_id"},
	ErrInvalidMessageType:          {KindRequest, "invalid message type"},
	ErrInvalidImageSize:            {KindRequest, "invalid image size"},
	ErrInvalidVoiceSize:            {KindRequest, "invalid voice size"},
	ErrInvalidVideoSize:            {KindRequest, "invalid video size"},
	ErrInvalidThumbSize:            {KindRequest, "invalid thumb size"},
	ErrInvalidAppID:                {KindRequest, "invalid appid"},
	ErrInvalidAccessToken:          {KindToken, "invalid access_token"},
	ErrInvalidMenuType:             {KindRequest, "invalid menu type"},
	ErrInvalidButtonCount:          {KindRequest, "invalid button size"},
	ErrInvalidButtonType:           {KindRequest, "invalid button type"},
	ErrInvalidButtonName:           {KindRequest, "invalid button name size"},
	ErrInvalidButtonKey:            {KindRequest, "invalid button key size"},
	ErrInvalidButtonURL:            {KindRequest, "invalid button url size"},
	ErrInvalidMenuVersion:          {KindRequest, "invalid menu version"},
	ErrInvalidMenuLevel:            {KindRequest, "invalid sub_menu level"},
	ErrInvalidSubButtonCount:       {KindRequest, "invalid sub button size"},
	ErrInvalidSubButtonType:        {KindRequest, "invalid sub button type"},
	ErrInvalidSubButtonName:        {KindRequest, "invalid sub button name size"},
	ErrInvalidSubButtonKey:         {KindRequest, "invalid sub button key size"},
	ErrInvalidSubButtonURL:         {KindRequest, "invalid sub button url size"},
	ErrInvalidMenuUser:             {KindAccount, "invalid menu api user"},
	ErrInvalidOAuthCode:            {KindRequest, "invalid code (web authorization)"},
	ErrInvalidRefreshToken:         {KindRequest, "invalid refresh_token"},
	ErrInvalidOpenIDList:           {KindRequest, "invalid openid list"},
	ErrInvalidOpenIDListLength:     {KindRequest, "invalid openid list size"},
	ErrInvalidCharset:              {KindValue, "invalid charset, illegal request characters or \\uxxxx"},
	ErrInvalidArgsSize:             {KindRequest, "invalid args size"},
	ErrInvalidTemplateIDSize:       {KindRequest, "invalid template_id size"},
	ErrInvalidTemplateID:           {KindRequest, "invalid template_id"},
	ErrInvalidPackagingType:        {KindRequest, "invalid packaging type"},
	ErrInvalidURLSize:              {KindValue, "invalid url size"},
	ErrInvalidURLDomain:            {KindValue, "invalid url domain"},
	ErrInvalidGroupID:              {KindRequest, "invalid group id"},
	ErrInvalidGroupName:            {KindRequest, "invalid group name"},
	ErrInvalidActionName:           {KindRequest, "invalid action name"},
	ErrInvalidActionInfo:           {KindValue, "invalid action info"},
	ErrInvalidSubButtonDomain:      {KindRequest, "invalid sub button url domain"},
	ErrInvalidButtonDomain:         {KindRequest, "invalid button url domain"},
	ErrInvalidArticleIndex:         {KindRequest, "invalid article idx"},
	ErrInvalidTitleSize:            {KindValue, "invalid title size"},
	ErrInvalidURL:                  {KindValue, "invalid url"},
	ErrInvalidRemark:               {KindValue, "invalid remark name"},
	ErrInvalidArgs:                 {KindRequest, "invalid args"},
	ErrMissingParameter:            {KindRequest, "missing parameter"},
	ErrInvalidIndustryID:           {KindRequest, "invalid industry id"},
	ErrInvalidIndustryIndex:        {KindRequest, "invalid industry index"},
	ErrUnsupportedFileType:         {KindRequest, "unsupported file type"},
	ErrInvalidButtonMediaID:        {KindRequest, "invalid button media_id size"},
	ErrInvalidSubButtonMediaID:     {KindRequest, "invalid sub button media_id size"},
	ErrButtonTypeNotAllowed:        {KindRequest, "button type not allowed here"},
	ErrSubButtonTypeNotAllowed:     {KindRequest, "sub button type not allowed here"},
	ErrInvalidViewLimited:          {KindRequest, "invalid media type in view_limited"},
	ErrInvalidAppSecret:            {KindAccount, "invalid appsecret"},
	ErrInvalidScene:                {KindValue, "invalid scene"},
	ErrInvalidOpenIDListSize:       {KindRequest, "invalid openid list size"},
	ErrInvalidWeChatName:           {KindRecipient, "invalid username (WeChat name)"},
	ErrInvalidImageFormat:          {KindRequest, "invalid image format"},
	ErrForeignHomePage:             {KindValue, "a link to another account's home page"},
	ErrOAuthCodeUsed:               {KindRequest, "code been used (web authorization)"},
	ErrIPNotAllowed:                {KindAccount, "invalid ip, not in whitelist"},
	ErrInvalidMiniProgramPath:      {KindValue, "invalid mini program pagepath"},
	ErrInvalidMiniProgramAppID:     {KindRequest, "invalid mini program appid"},
	ErrInvalidAuthor:               {KindValue, "invalid author in news"},
	ErrInvalidAccountType:          {KindAccount, "invalid account type"},
	ErrInvalidCheckURL:             {KindAccount, "callback check: invalid url"},
	ErrInvalidCheckAction:          {KindRequest, "callback check: invalid action"},
	ErrInvalidCheckOperator:        {KindRequest, "callback check: invalid check_operator"},
	ErrInvalidHrefTag:              {KindValue, "invalid href tag"},
	ErrInvalidHrefText:             {KindValue, "invalid href text"},
	ErrInvalidAPISignature:         {KindRequest, "invalid API signature"},
	ErrAppSecretFrozen:             {KindAccount, "AppSecret frozen"},
	ErrInvalidKeywordList:          {KindRequest, "invalid keyword_name_list"},
	ErrCategoryTemplateRequired:    {KindRequest, "a category template is required"},
	ErrMarketingContent:            {KindValue, "marketing content refused"},
	ErrMissingAccessToken:          {KindToken, "access_token missing"},
	ErrMissingAppID:                {KindRequest, "appid missing"},
	ErrMissingRefreshToken:         {KindRequest, "refresh_token missing"},
	ErrMissingAppSecret:            {KindRequest, "appsecret missing"},
	ErrMissingMediaData:            {KindRequest, "media data missing"},
	ErrMissingMediaID:              {KindRequest, "media_id missing"},
	ErrMissingSubMenu:              {KindRequest, "sub_menu data missing"},
	ErrMissingOAuthCode:            {KindRequest, "code missing (web authorization)"},
	ErrMissingOpenID:               {KindRequest, "openid missing"},
	ErrMissingComponentAppID:       {KindRequest, "missing component_appid"},
	ErrMissingComponentToken:       {KindRequest, "missing component_access_token"},
	ErrInvalidPage:                 {KindRequest, "invalid page"},
	ErrAccessTokenExpired:          {KindToken, "access_token expired"},
	ErrRefreshTokenExpired:         {KindRequest, "refresh_token expired (web authorization)"},
	ErrOAuthCodeExpired:            {KindRequest, "code expired (web authorization)"},
	ErrComponentTokenExpired:       {KindToken, "component_access_token expired"},
	ErrAuthorizationExpired:        {KindRequest, "authorization expired (web authorization)"},
	ErrRequireGET:                  {KindRequest, "require GET method"},
	ErrRequirePOST:                 {KindRequest, "require POST method"},
	ErrRequireHTTPS:                {KindRequest, "require https"},
	ErrNotFollowing:                {KindRecipient, "require subscribe"},
	ErrRequireFriend:               {KindRecipient, "require friend relations"},
	ErrRequireNotBlocked:           {KindRecipient, "require not block"},
	ErrBlacklisted:                 {KindRecipient, "require remove blacklist"},
	ErrTemplateChangeTooFrequent:   {KindAccount, "change template too frequently"},
	ErrRefusedByUser:               {KindRecipient, "user refuse to accept the msg"},
	ErrNotSubscriptionTemplate:     {KindRequest, "the template is not subscription type"},
	ErrNoTemplatePermission:        {KindAccount, "appid lacks permission"},
	ErrAddTemplateForbidden:        {KindAccount, "not allowed to add template, punishment"},
	ErrTemplateRestricted:          {KindAccount, "template restricted"},
	ErrEmptyMedia:                  {KindValue, "empty media"},
	ErrEmptyPost:                   {KindRequest, "empty post"},
	ErrEmptyNews:                   {KindValue, "empty news"},
	ErrEmptyContent:                {KindValue, "empty content"},
	ErrMediaTooLarge:               {KindValue, "media size out of limit"},
	ErrContentTooLong:              {KindValue, "content size out of limit"},
	ErrTitleTooLong:                {KindValue, "title size out of limit"},
	ErrDescriptionTooLong:          {KindValue, "description size out of limit"},
	ErrURLTooLong:                  {KindValue, "url size out of limit"},
	ErrPicURLTooLong:               {KindValue, "picurl size out of limit"},
	ErrPlayTimeTooLong:             {KindValue, "playtime out of limit"},
	ErrTooManyArticles:             {KindValue, "article size out of limit"},
	ErrDailyQuota:                  {KindDailyQuota, "reach max api daily quota limit"},
	ErrTooManyMenus:                {KindAccount, "create menu limit"},
	ErrMinuteLimit:                 {KindMinuteLimit, "api minute-quota reach limit"},
	ErrTemplateTooLarge:            {KindValue, "template size out of limit"},
	ErrTooManyArgs:                 {KindValue, "too many args"},
	ErrMessageTooLarge:             {KindValue, "message size out of limit"},
	ErrOutOfWindow:                 {KindWindow, "response out of time limit or subscription is canceled"},
	ErrSystemGroup:                 {KindRequest, "can't modify a system group"},
	ErrGroupNameTooLong:            {KindRequest, "group name too long"},
	ErrTooManyGroups:               {KindAccount, "too many groups"},
	ErrTooManyOpenIDs:              {KindRequest, "too many openids"},
	ErrTooManyTemplates:            {KindAccount, "template num exceeds limit"},
	ErrIndustryConflict:            {KindAccount, "template conflicts with industry"},
	ErrNoMassQuota:                 {KindDailyQuota, "has no masssend quota"},
	ErrTooManyQRCodes:              {KindAccount, "qrcode count out of limit"},
	ErrTooManyMedia:                {KindAccount, "media count out of limit"},
	ErrIPNotRegistered:             {KindAccount, "access clientip is not registered"},
	ErrWindowUsedUp:                {KindWindow, "out of response count limit"},
	ErrMenuInvalidType:             {KindRequest, "menu uses an invalid type"},
	ErrCustomInvalidType:           {KindRequest, "custom message uses an invalid type"},
	ErrTemplateInvalidLink:         {KindValue, "template message uses an invalid link"},
	ErrMassInvalidType:             {KindRequest, "mass message uses an invalid type"},
	ErrTooManyTags:                 {KindAccount, "too many tags"},
	ErrTagInUse:                    {KindRequest, "the tag has too many followers to be deleted"},
	ErrSystemTag:                   {KindRequest, "can't modify a system tag"},
	ErrTooManyTagsOfUser:           {KindValue, "too many tags on one user"},
	ErrMenuMiniProgram:             {KindAccount, "no permission to use the mini program in the menu"},
	ErrClientMsgIDExists:           {KindValue, "clientmsgid exist"},
	ErrClientMsgIDTooFast:          {KindMinuteLimit, "same clientmsgid retry too fast"},
	ErrClientMsgIDTooLong:          {KindRequest, "clientmsgid size out of limit"},
	ErrInvalidCommand:              {KindRequest, "invalid command"},
	ErrTypingOutOfTime:             {KindWindow, "need an exchange in the last 30 seconds before typing"},
	ErrAlreadyTyping:               {KindWindow, "you are already typing"},
	ErrICPRequired:                 {KindAccount, "need icp license for the url domain"},
	ErrMassSpeedRange:              {KindRequest, "the speed is out of range"},
	ErrMassSpeedMissing:            {KindRequest, "no speed in the message"},
	ErrMassSpeedBusy:               {KindBusy, "speed server error"},
	ErrInvalidMiniProgramAttribute: {KindValue, "invalid attribute data-miniprogram-appid"},
	ErrCustomBlocked:               {KindAccount, "customer service messages of this account are blocked"},
	ErrCustomPunished:              {KindAccount, "not allowed to send custom messages, punishment"},
	ErrMenuListTooLong:             {KindValue, "msgmenu list out of limit"},
	ErrMenuItemTooLong:             {KindValue, "msgmenu item out of limit"},
	ErrBlockedTemporarily:          {KindBusy, "this api has been blocked temporarily"},
	ErrUnsupportedAPI:              {KindRequest, "this api is unsupported"},
	ErrWithdrawnAPI:                {KindRequest, "this api has been withdrawn"},
	ErrWithdrawnUniformSend:        {KindRequest, "uniform_send has been withdrawn"},
	ErrInvalidTagName:              {KindValue, "invalid tag name"},
	ErrTagNameTooLong:              {KindValue, "tag name too long"},
	ErrInvalidTagID:                {KindRequest, "invalid tag id"},
	ErrInvalidType:                 {KindRequest, "invalid type"},
	ErrInvalidDraft:                {KindValue, "invalid content (draft)"},
	ErrTaggingBusy:                 {KindBusy, "concurrent tagging of one openid"},
	ErrSomeOpenIDsFailed:           {KindRecipient, "some openids failed (fail_openid_list)"},
	ErrBlockedBySupervisor:         {KindAccount, "requests temporarily blocked by supervisor"},
	ErrMediaNotFound:               {KindValue, "media data no exist"},
	ErrMenuVersionNotFound:         {KindRequest, "menu version no exist"},
	ErrMenuNotFound:                {KindRequest, "menu no exist"},
	ErrUserNotFound:                {KindRecipient, "user no exist"},
	ErrUnsupportedSince2020:        {KindRequest, "this api is not supported since 2020-01-11"},
	ErrDataFormat:                  {KindRequest, "data format error"},
	ErrUnicodeEscape:               {KindValue, "data format error, do NOT use json unicode encode"},
	ErrInvalidArgument:             {KindValue, "argument invalid"},
	ErrUnauthorizedAPI:             {KindAccount, "api unauthorized"},
	ErrUserBlocksMessages:          {KindRecipient, "user block receive message"},
	ErrMassNotAgreed:               {KindAccount, "user has not agreed to the mass-send protocol"},
	ErrForbiddenAPI:                {KindAccount, "api forbidden for irregularities"},
	ErrMaterialInUse:               {KindRequest, "forbid to delete material used by auto-reply or menu"},
	ErrClearQuotaLimit:             {KindAccount, "forbid to clear quota because of reaching the limit"},
	ErrMessageTypeNotAllowed:       {KindAccount, "no permission for this msgtype"},
	ErrExpiredAPI:                  {KindRequest, "this api is expired"},
	ErrMaterialReadOnly:            {KindAccount, "forbidden to modify the material"},
	ErrTemplateDisabled:            {KindAccount, "disabled template id"},
	ErrVideoNotUploaded:            {KindValue, "the video is not from the new upload"},
	ErrVideoInReview:               {KindValue, "the video is under review"},
	ErrOpenIDOfOtherApp:            {KindRecipient, "openid does not match the appid"},
	ErrUserUnauthorized:            {KindAccount, "api unauthorized or user unauthorized"},
	ErrUserLimited:                 {KindAccount, "user limited"},
	ErrTokenForbidden:              {KindAccount, "not allowed to use the token interface"},
	ErrUserUnsubscribed:            {KindRecipient, "user is unsubscribed"},
	ErrAccountFrozen:               {KindAccount, "account frozen"},
	ErrDraftCheckFailed:            {KindValue, "draft failed the publish check"},
	ErrDraftUseConsole:             {KindAccount, "use the draft in the console first"},
	ErrDraftSaveByHand:             {KindAccount, "save the draft by hand first"},
	ErrInvalidArticleID:            {KindValue, "article_id invalid"},
	ErrComponentNotAuthorized:      {KindAccount, "component is not authorized by this account"},
	ErrClientIPNotRegistered:       {KindAccount, "access clientip is not registered"},
	ErrComponentTicketExpired:      {KindAccount, "component ticket is expired"},
	ErrComponentTicketInvalid:      {KindAccount, "component ticket is invalid"},
	ErrComponentUnauthorizedAPI:    {KindAccount, "api is unauthorized to component"},
	ErrComponentCodeInvalid:        {KindRequest, "authorization code is invalid"},
	ErrComponentCodeExpired:        {KindRequest, "authorization code is expired"},
	ErrInvalidComponent:            {KindAccount, "invalid component"},
	ErrComponentTokenNeeded:        {KindRequest, "must use the component token"},
	ErrAccountTokenNeeded:          {KindRequest, "must use the account token"},
	ErrFunctionUnconfirmed:         {KindAccount, "function category to be confirmed"},
	ErrFunctionUnauthorized:        {KindAccount, "function category not authorized"},
	ErrAuthorizerTokenInvalid:      {KindAccount, "refresh_token is invalid"},
	ErrComponentTokenRequired:      {KindRequest, "third-party platform api needs its own token"},
	ErrAgentSystem:                 {KindBusy, "customer service system error"},
	ErrAgentInvalidParameter:       {KindRequest, "customer service: invalid parameter"},
	ErrAgentInvalidAccount:         {KindRequest, "customer service: invalid account"},
	ErrAgentAccountExists:          {KindRequest, "customer service: account exists"},
	ErrAgentNameTooLong:            {KindRequest, "customer service: account name too long"},
	ErrAgentNameCharacters:         {KindRequest, "customer service: illegal characters in the account name"},
	ErrAgentTooMany:                {KindRequest, "customer service: too many accounts"},
	ErrAgentInvalidAvatar:          {KindRequest, "customer service: invalid avatar type"},
	ErrAgentAcceptedByOther:        {KindValue, "customer accepted by another agent"},
	ErrAgentOffline:                {KindValue, "agent offline"},
	ErrAgentInvalidDate:            {KindRequest, "customer service: invalid date"},
	ErrInvalidDateRange:            {KindRequest, "date range error"},
	ErrNotConditionalMenu:          {KindRequest, "not a conditional menu"},
	ErrMenuUserNotFound:            {KindRecipient, "no such user (trymatch)"},
	ErrNoDefaultMenu:               {KindRequest, "no default menu"},
	ErrMatchRuleEmpty:              {KindRequest, "match rule empty"},
	ErrTooManyConditionalMenus:     {KindAccount, "too many conditional menus"},
	ErrConditionalMenuUnsupported:  {KindAccount, "conditional menus are not supported"},
	ErrConditionalMenuEmpty:        {KindRequest, "conditional menu empty"},
	ErrButtonWithoutAction:         {KindRequest, "a button without action"},
	ErrConditionalMenuOff:          {KindAccount, "conditional menus are switched off"},
	ErrMatchRegion1:                {KindRequest, "region of a match rule (withdrawn)"},
	ErrMatchRegion2:                {KindRequest, "region of a match rule (withdrawn)"},
	ErrMatchRegion3:                {KindRequest, "region of a match rule (withdrawn)"},
	ErrMatchRegion4:                {KindRequest, "region of a match rule (withdrawn)"},
	ErrMatchRegion5:                {KindRequest, "region of a match rule (withdrawn)"},
	ErrMenuUserNotFollowing:        {KindRecipient, "not a follower (trymatch)"},
	ErrMenuTooManyDomains:          {KindRequest, "links to more than 3 domains in conditional menus"},
	ErrMenuInvalidURL:              {KindRequest, "invalid url in a conditional menu"},
	ErrMenuCharset:                 {KindRequest, "conditional menu: must use utf-8"},
	ErrConditionalMenuNotAllowed:   {KindAccount, "conditional menus are not allowed"},
	ErrMatchRulePrivacy:            {KindRequest, "match rule violates privacy (language, sex, region)"},
	ErrAgentNotEnabled:             {KindAccount, "customer service feature is not enabled"},
	ErrAgentUnknown:                {KindRequest, "unknown agent"},
	ErrAgentNotBound:               {KindAccount, "agent not bound to a WeChat id"},
	ErrAgentInvalidNickname:        {KindRequest, "invalid agent nickname"},
	ErrAgentInvalidName:            {KindRequest, "invalid agent account name"},
	ErrAgentLimit:                  {KindAccount, "too many agents"},
	ErrAgentExists:                 {KindRequest, "agent exists"},
	ErrAgentAlreadyWorker:          {KindRequest, "invitee is an agent already"},
	ErrAgentInvited:                {KindRequest, "invitation pending"},
	ErrAgentInvalidWeChatID:        {KindRequest, "invalid WeChat id"},
	ErrAgentWorkerBoundTooOften:    {KindRequest, "invitee bound to too many accounts"},
	ErrAgentInvitationPending:      {KindRequest, "an invitation is pending"},
	ErrAgentAlreadyBound:           {KindRequest, "agent already bound"},
	ErrAgentNoSession:              {KindRequest, "no session"},
	ErrAgentSessionOfOther:         {KindRequest, "customer served by another agent"},
	ErrAgentNotOnline:              {KindValue, "the agent is not online"},
	ErrAgentInvalidRange:           {KindRequest, "customer service: invalid parameter"},
	ErrAgentRangeTooLong:           {KindRequest, "customer service: too long from starttime to endtime"},
	ErrMinorProtected:              {KindRecipient, "protection of minors, message refused"},
	ErrRIDNotFound:                 {KindRequest, "rid not found"},
	ErrRIDMalformed:                {KindRequest, "rid malformed"},
	ErrRIDNotYours:                 {KindRequest, "rid of another account"},
	ErrRIDTooOld:                   {KindRequest, "rid older than 7 days"},
	ErrCGIPathNotFound:             {KindRequest, "cgi_path not found"},
	ErrCGIPathForbidden:            {KindRequest, "no permission for cgi_path"},
	ErrCloudUnauthorized:           {KindAccount, "not authorized on Cloud Run"},
	ErrCloudPathNotListed:          {KindAccount, "the path is not on the Cloud Run allow list"},
	ErrCloudSecretNotFound:         {KindAccount, "cloudbase_secret not found"},
	ErrCloudTokenNotReady:          {KindBusy, "cloudbase_token is not ready yet"},
	ErrIPConfirmationPending:       {KindAccount, "IP is waiting for the admin's confirmation"},
	ErrIPConfirmationWaiting1:      {KindAccount, "waiting for the admin's confirmation"},
	ErrIPConfirmationNeeded:        {KindAccount, "admin must confirm this call"},
	ErrIPConfirmationWaiting2:      {KindAccount, "waiting for the admin's confirmation"},
	ErrIPConfirmationWaiting3:      {KindAccount, "waiting for the admin's confirmation"},
	ErrIPRefusedDay:                {KindAccount, "IP refused by admin for 24 hours"},
	ErrIPRefusedHour:               {KindAccount, "IP refused by admin for 1 hour"},
	ErrSubscribeBadParameter1:      {KindRequest, "subscription library: bad parameter"},
	ErrSubscribeBadParameter2:      {KindRequest, "subscription library: bad parameter"},
	ErrSubscribeAccountBanned:      {KindAccount, "account banned from templates"},
	ErrSubscribeTooManyTemplates:   {KindAccount, "private template limit reached"},
	ErrSubscribeTemplateBanned:     {KindAccount, "template banned"},
	ErrSubscribeInvalidTID:         {KindRequest, "invalid tid"},
	ErrSubscribeInvalidStart:       {KindRequest, "invalid start"},
	ErrSubscribeInvalidLimit:       {KindRequest, "invalid limit"},
	ErrSubscribeMissingIDs:         {KindRequest, "ids missing"},
	ErrSubscribeInvalidIDs:         {KindRequest, "invalid ids"},
	ErrSubscribeInvalidKidList:     {KindRequest, "invalid kidList"},
	ErrSubscribeInvalidSceneDesc:   {KindRequest, "invalid sceneDesc"},
	ErrSubscribeDuplicate:          {KindRequest, "a template of the same title and keywords exists"},
	ErrSubscribeAccountType:        {KindAccount, "account type without this permission"},
	ErrShortKeyDataTooLong:         {KindValue, "short key: data over 4 KB"},
	ErrShortKeyExpiryTooLong:       {KindRequest, "short key: expire_seconds over the limit"},
	ErrShortKeyUnknown:             {KindValue, "short key unknown, expired or of another account"},
	ErrFollowersBusy:               {KindBusy, "system busy (list of followers)"},
	ErrBlacklistBusy:               {KindBusy, "system busy (blacklist)"},
}

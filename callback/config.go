package callback

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"
)

// What a [Config] that says nothing stands for.
const (
	DefaultBodyLimit      = 1 << 20          // bytes; the platform's pushes have some hundreds
	DefaultFreshness      = 10 * time.Minute // either way, so that a clock that is off by minutes does no harm
	DefaultHandlerTimeout = 30 * time.Second // of a handler, and of Late
	DefaultGrace          = 2 * time.Second  // for a repeat, before Late
	DefaultMaxInFlight    = 4096             // messages that are handled at one time
	DefaultRemember       = 1 << 13          // messages: half a minute of 270 per second; some 5 MB with replies
	defaultLapse          = 2                // without Late
)

const (
	// maxLapse: of the deliveries that there are, the last has to be answered.
	maxLapse = 3
	// patience is how long an answer waits for a repeat where there is no Late: repeats follow
	// within seconds.
	patience = 15 * time.Second
	// claimTimeout bounds Claim, whose time is the delivery's.
	claimTimeout = time.Second
	// claimMargin is how much longer than its handler a message is claimed: repeats may follow.
	claimMargin = time.Minute
)

// Config says how a [Server] works. The zero value of each field but Account stands for its
// default. Printing a Config shows no secret.
type Config struct {
	// Account is the account whose pushes are received. With an AESKey only encrypted pushes are
	// taken: set it when the console is on compatible mode (兼容模式) or safe mode (安全模式), before
	// or after the change from the one to the other. Without one, pushes in plain mode (明文模式)
	// are taken, and the plain copy in those of compatible mode. Leave it empty where Select is set.
	Account

	// Select picks the account for each request, where several share a Server, as those that a
	// third-party platform (第三方平台) runs, by path or query. It must not read the body. An error
	// that is [ErrUnknownAccount] answers 403, any other 503, so that WeChat tries again. Nil: it
	// is always Account.
	Select func(r *http.Request) (Account, error)

	// Late sends a reply that came too late for the response, mostly as a customer-service
	// message (客服消息). It is called at most once per message, and may take as long as a handler.
	// An error goes to OnError. Nil: such a reply is lost, and OnError is told [ErrLate].
	Late func(ctx context.Context, h Header, r Reply) error

	// Lapse is how many deliveries of a message may end without an answer, in the hope for a
	// repeat, before one is answered success. 0: none with Late, 2 without it, which gives a
	// handler about 15 s. Negative: none. At most 3.
	Lapse int

	// Grace is how long a finished message waits for a repeat before Late has it. 0: 2 s.
	Grace time.Duration

	// Claim is what processes share that receive the pushes of one account. The process that is
	// not first answers success, so set Late with it. When Claim fails the handler runs and
	// OnError is told. Nil: this process is alone.
	Claim Claimer

	// HandlerTimeout ends the context of a handler, and that of Late. 0: 30 s.
	HandlerTimeout time.Duration

	// Freshness is by how much the timestamp of a request may differ from our clock. 0: ten
	// minutes. Negative: by any time.
	Freshness time.Duration

	// BodyLimit is how many bytes a body may have. 0: 1 MiB. At most 16 MiB.
	BodyLimit int64

	// MaxInFlight is how many messages may be handled at one time; more get 503. 0: 4096.
	MaxInFlight int

	// Remember is how many messages that have been handled are told from new ones, and in plain
	// mode signatures too. Repeats come within half a minute: it should hold what comes in one.
	// 0: 8,192.
	Remember int

	// OnError is told what no request can be: that a handler failed or panicked, that its reply
	// was invalid ([ErrReply]) or came too late ([ErrLate]), that Late or Claim failed. The log
	// is told anyway. Called concurrently; nil: nobody is told.
	OnError func(ctx context.Context, h Header, err error)

	// Hook is called after each delivery, for metrics. Called concurrently; nil: none.
	Hook func(ctx context.Context, d Delivery)

	// Logger gets failures and refusals. Nil: slog.Default.
	Logger *slog.Logger
}

// withDefaults returns c with its defaults filled in, or what is wrong with it.
func (c Config) withDefaults() (Config, error) {
	if err := c.check(); err != nil {
		return c, err
	}
	if c.Lapse == 0 && c.Late == nil {
		c.Lapse = defaultLapse
	}
	c.Lapse = max(c.Lapse, 0)
	fill(&c.Grace, DefaultGrace)
	if c.Late == nil {
		c.Grace = max(c.Grace, patience)
	}
	fill(&c.HandlerTimeout, DefaultHandlerTimeout)
	fill(&c.Freshness, DefaultFreshness)
	fill(&c.BodyLimit, DefaultBodyLimit)
	fill(&c.MaxInFlight, DefaultMaxInFlight)
	fill(&c.Remember, DefaultRemember)
	return c, nil
}

func (c Config) check() error {
	if c.Select != nil && c.Account != (Account{}) {
		return errors.New("both Account and Select are set; one of them picks the account")
	}
	for _, f := range []struct {
		name  string
		value int64
		most  int64 // 0: no bound
	}{
		{"Grace", int64(c.Grace), 0},
		{"HandlerTimeout", int64(c.HandlerTimeout), 0},
		{"BodyLimit", c.BodyLimit, maxBody},
		{"MaxInFlight", int64(c.MaxInFlight), 0},
		{"Remember", int64(c.Remember), 0},
		{"Lapse", max(int64(c.Lapse), 0), maxLapse},
	} {
		if f.value < 0 {
			return fmt.Errorf("%s is negative", f.name)
		}
		if f.most > 0 && f.value > f.most {
			return fmt.Errorf("%s is over %d", f.name, f.most)
		}
	}
	return nil
}

func fill[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

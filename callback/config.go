package callback

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"time"
)

// Defaults of a [Config].
const (
	DefaultBodyLimit      = 1 << 20          // bytes; the platform's pushes have a few hundred
	DefaultBodyMemory     = 32 << 20         // bytes
	DefaultFreshness      = 10 * time.Minute // in both directions; tolerates a clock that is a few minutes off
	DefaultHandlerTimeout = 30 * time.Second // for one call of the handler
	DefaultLateTimeout    = 2 * time.Minute  // enough to wait for the next minute after 45011
	DefaultGrace          = 2 * time.Second  // with Late
	DefaultMaxInFlight    = 4096             // messages
	DefaultRemember       = 1 << 13          // messages; 30 s at 270 messages a second; about 6 MB with replies
)

const (
	// maxLapse is also the default without Late. WeChat delivers a message three times in all. If
	// the last delivery is not answered either, WeChat shows the follower an error notice.
	maxLapse = 2
	// patience is the minimum of Grace without Late: a repeat comes at most 10 s after the first
	// delivery.
	patience = 15 * time.Second
)

// Config configures a [Server]. Account, or Select, is required. For every other field the zero
// value means the default. Printing a Config shows its settings and no secret.
type Config struct {
	// Account is the account whose pushes the server receives, with the Token and the AESKey from
	// the console.
	//
	// With an AESKey, the server accepts only encrypted pushes: the console must be in compatible
	// mode (兼容模式) or safe mode (安全模式), and may change between the two at any time. Without an
	// AESKey, the server accepts pushes in plain mode (明文模式), and those in compatible mode, of
	// which it reads the plain copy. So to change from plain to safe mode, set the console to
	// compatible mode, then set AESKey, then set the console to safe mode.
	//
	// Leave Account empty if Select is set.
	Account

	// Select returns the account that a request is for. It lets several accounts share one Server,
	// such as the accounts of a third-party platform (第三方平台). Usually it reads the path or the
	// query. It must not read the body. It is called concurrently.
	//
	// If Select returns [ErrUnknownAccount], the server answers 403. On any other error the server
	// answers 503, so that WeChat repeats the push. The handler, Late, OnError and Hook get the
	// account's AppID with [AppIDFrom]. Default: every request is for Account.
	Select func(r *http.Request) (Account, error)

	// Trust is for WeChat Cloud Run (微信云托管), whose pushes have neither signature nor encryption. If
	// Trust returns true for a request, the server accepts the push. Otherwise the server answers
	// 403. With Trust, the account must have an AppID, and must not have a Token or an AESKey.
	// Trust is called concurrently, before the body is read. It must not read the body. The
	// platform's probe (CheckContainerPath) is answered "success" even if Trust returns false.
	//
	// The usual check is that the request has the header X-WX-SOURCE, which Cloud Run sets. The
	// check is worthless unless public access (公网访问) of the service is off, because anyone can send
	// that header. Outside of Cloud Run, no X-WX- header proves anything. A path that is hard to
	// guess is a useful second check.
	//
	// Freshness and the check for replayed signatures do not apply. Repeats of a message are
	// recognised as usual. Default: signatures are checked.
	Trust func(r *http.Request) bool

	// Late sends a reply that the response cannot hold: the reply came too late, or it is a text of
	// more than 2,048 bytes. Usually Late sends it as a customer-service message (客服消息) to
	// h.FromUserName. The Raw of h is empty.
	//
	// The server calls Late at most once per message. Calls for different messages are concurrent.
	// The context ends after LateTimeout. If Late returns an error, OnError receives it. If Late
	// has sent a part of r, it should return an [*UndeliveredError] with the rest. Default: such a
	// reply is lost, and OnError receives [ErrLate] or [ErrReply].
	Late func(ctx context.Context, h Header, r Reply) error

	// Lapse is the number of deliveries of one message that may time out unanswered, so that WeChat
	// repeats it, before the server answers "success". WeChat delivers a message three times in
	// all, at about 0, 5 and 10 s, and the last delivery must be answered. So Lapse is at most 2.
	// Default: 0 with Late; 2 without Late, which gives a handler about 14 s. A negative Lapse
	// means 0.
	Lapse int

	// Grace is the time that a finished reply waits for a repeat of its message if no delivery is
	// waiting at that moment. After Grace, the reply goes to Late. Grace has no effect if Lapse is
	// 0. Default: 2 s with Late; 15 s without Late, which is also the minimum there.
	Grace time.Duration

	// Claim lets several processes that serve the same account agree on which one handles a
	// message. The other processes answer "success" at once. Set Late as well, so that the reply
	// still reaches the follower.
	//
	// If Claim fails, or does not return within 1 s, the handler runs and OnError receives the
	// error. If Claim panics, the handler does not run. If MaxInFlight calls of Claim have timed
	// out and not returned yet, the server runs handlers without calling Claim until one of those
	// calls returns. Default: this process is the only one.
	Claim Claimer

	// InOrder makes the server handle the messages and events of one follower one after the other,
	// in the order in which they arrive at this process. Messages of different followers are still
	// handled concurrently. Calls of Late are not ordered: late replies of one follower can
	// overtake each other.
	//
	// At most 16 messages of one follower wait. Further messages are answered with 503, so that
	// WeChat repeats them. The waiting time is part of a delivery's 4.5 s, and not part of
	// HandlerTimeout. The next message starts when the handler returns or panics, or after
	// HandlerTimeout even if the handler is still running. Default: all messages are handled
	// concurrently.
	InOrder bool

	// HandlerTimeout is the time after which the context of a handler ends. The handler should then
	// return. The server does not stop a handler that goes on, and still sends its reply. Default:
	// 30s.
	HandlerTimeout time.Duration

	// LateTimeout is the time after which the context of Late ends. Default: 2m.
	LateTimeout time.Duration

	// Freshness is the maximum difference between the timestamp of a request and the server's
	// clock. A negative Freshness accepts any timestamp. Default: 10m.
	Freshness time.Duration

	// BodyLimit is the maximum size of a body in bytes. Default: 1 MiB. Maximum: 16 MiB.
	BodyLimit int64

	// BodyMemory is the memory in bytes for all large bodies that are being read at the same time.
	// The first 16 KiB of each body do not count. A body for which no memory is left is answered
	// with 503. Default: 32 MiB.
	BodyMemory int64

	// MaxInFlight is the maximum number of messages in flight. A message is in flight until its
	// handler and its call of Late have returned. Further messages are answered with 503. Default:
	// 4096.
	MaxInFlight int

	// Remember is the number of handled messages that the server remembers, to recognise repeats.
	// In plain mode it also remembers as many signatures. WeChat repeats a message within 30 s. Set
	// Remember to at least the number of messages that arrive in 30 s. Default: 8192.
	Remember int

	// OnError receives errors that cannot be reported to WeChat: a handler failed or panicked, its
	// reply was invalid ([ErrReply]) or came too late ([ErrLate]), or Late or Claim failed. If a
	// reply was lost, errors.As finds an [*UndeliveredError] that holds it. The Raw of h is empty.
	//
	// The context has no deadline. OnError is called concurrently, and [Server.Shutdown] waits for
	// it. The server logs these errors as well. Default: nothing is called.
	OnError func(ctx context.Context, h Header, err error)

	// Hook is called after each request except HEAD, for metrics. It is called before the response
	// is flushed, so it must return quickly. It is called concurrently. Default: nothing is called.
	Hook func(ctx context.Context, d Delivery)

	// Logger receives failures of handlers, Late and Claim as errors. It receives refused pushes as
	// warnings with their likely cause, at most 10 per cause and minute if WeChat has signed the
	// push, otherwise at most 1. Malformed requests without a valid signature are logged at debug
	// level. Default: slog.Default(), looked up for each line.
	Logger *slog.Logger
}

// withDefaults returns c with its defaults filled in, or an error that names every invalid field.
func (c Config) withDefaults() (Config, error) {
	if err := c.check(); err != nil {
		return c, fmt.Errorf("callback: Config: %w", err)
	}
	if c.Lapse == 0 && c.Late == nil {
		c.Lapse = maxLapse
	}
	c.Lapse = max(c.Lapse, 0)
	fill(&c.Grace, DefaultGrace)
	if c.Late == nil {
		c.Grace = max(c.Grace, patience)
	}
	fill(&c.HandlerTimeout, DefaultHandlerTimeout)
	fill(&c.LateTimeout, DefaultLateTimeout)
	fill(&c.Freshness, DefaultFreshness)
	fill(&c.BodyLimit, DefaultBodyLimit)
	fill(&c.BodyMemory, DefaultBodyMemory)
	fill(&c.MaxInFlight, DefaultMaxInFlight)
	fill(&c.Remember, DefaultRemember)
	return c, nil
}

func (c Config) check() error {
	var wrong []error
	if c.Select != nil && c.Account != (Account{}) {
		wrong = append(wrong, errors.New("both Account and Select are set; one of them picks the account"))
	}
	if c.Lapse > maxLapse {
		wrong = append(wrong, fmt.Errorf("the Lapse is over %d; WeChat delivers a message three times in all, and one delivery has to be answered", maxLapse))
	}
	if c.BodyLimit > maxBody {
		wrong = append(wrong, fmt.Errorf("BodyLimit is over %d", maxBody))
	}
	for _, f := range []struct {
		name  string
		value int64
	}{
		{"Grace", int64(c.Grace)},
		{"HandlerTimeout", int64(c.HandlerTimeout)},
		{"LateTimeout", int64(c.LateTimeout)},
		{"BodyLimit", c.BodyLimit},
		{"BodyMemory", c.BodyMemory},
		{"MaxInFlight", int64(c.MaxInFlight)},
		{"Remember", int64(c.Remember)},
	} {
		if f.value < 0 {
			wrong = append(wrong, fmt.Errorf("%s is negative", f.name))
		}
	}
	return errors.Join(wrong...)
}

// methods returns the methods that are answered, for the header Allow.
func (c Config) methods() string {
	if c.Trust != nil {
		return "HEAD, POST"
	}
	return "GET, HEAD, POST"
}

func fill[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// Format prints c's settings and its account without secrets, whatever the verb. It implements
// [fmt.Formatter].
func (c Config) Format(f fmt.State, _ rune) {
	_, _ = fmt.Fprintf(f, "callback.Config{Account:%v", c.Account)
	for _, s := range []struct {
		name string
		set  bool
	}{
		{"Select", c.Select != nil}, {"Trust", c.Trust != nil}, {"Late", c.Late != nil}, {"Claim", c.Claim != nil},
		{"OnError", c.OnError != nil}, {"Hook", c.Hook != nil}, {"Logger", c.Logger != nil},
	} {
		if s.set {
			_, _ = io.WriteString(f, " "+s.name+":set")
		}
	}
	_, _ = fmt.Fprintf(f, " Lapse:%d Grace:%v InOrder:%v HandlerTimeout:%v LateTimeout:%v Freshness:%v"+
		" BodyLimit:%d BodyMemory:%d MaxInFlight:%d Remember:%d}",
		c.Lapse, c.Grace, c.InOrder, c.HandlerTimeout, c.LateTimeout, c.Freshness,
		c.BodyLimit, c.BodyMemory, c.MaxInFlight, c.Remember)
}

// LogValue logs c as it is printed. It implements [slog.LogValuer].
func (c Config) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(c)) }

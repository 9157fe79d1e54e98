// Tokenstore shows two processes that share one access token through a store
// of one's own, and where each of them has it from.
//
// Without credentials the two talk to a simulation inside the first, and
// nothing leaves the machine. Without a store they share a SQLite file of a
// temporary folder:
//
//	go run ./examples/tokenstore
//	go run ./examples/tokenstore -redis redis://127.0.0.1:6379/0
//	go run ./examples/tokenstore -db 'mysql:user:password@tcp(127.0.0.1:3306)/school'
//
// With WECHAT_APPID and WECHAT_APPSECRET the token is the account's. It is
// never printed: a fingerprint shows that both have the same one.
//
// The stores are made to be copied: redisstore and sqlstore beside this file.
package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"sync/atomic"

	"github.com/redis/go-redis/v9"

	"github.com/org/wxhome/examples/internal/account"
	"github.com/org/wxhome/examples/internal/db"
	"github.com/org/wxhome/examples/tokenstore/redisstore"
	"github.com/org/wxhome/examples/tokenstore/sqlstore"
	"github.com/org/wxhome/token"
	"github.com/org/wxhome/wechat"
	"github.com/org/wxhome/wechat/wechattest"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Getenv, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "tokenstore:", err)
		os.Exit(1)
	}
}

// childNumber is set for the two processes that this one starts.
const childNumber = "WXHOME_TOKENSTORE_CHILD"

func run(ctx context.Context, args []string, getenv func(string) string, stdout io.Writer) error {
	flags := flag.NewFlagSet("tokenstore", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	redisURL := flags.String("redis", "", "share through the Redis at this `URL`, as redis://127.0.0.1:6379/0")
	database := flags.String("db", "", "share through this `database`: sqlite:PATH or mysql:DSN")
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		flags.SetOutput(stdout)
		flags.PrintDefaults()
		return nil
	case err != nil:
		return err
	case flags.NArg() > 0:
		return fmt.Errorf("%q is not expected here; the flags are -redis and -db", flags.Arg(0))
	case *redisURL != "" && *database != "":
		return errors.New("-redis and -db do not go together: a token has one store")
	}
	store, closeStore, err := openStore(ctx, *redisURL, *database)
	if err != nil {
		return err
	}
	if store != nil {
		defer closeStore()
	}
	if number := getenv(childNumber); number != "" {
		return child(ctx, number, getenv, store, stdout)
	}
	return parent(ctx, args, getenv, store == nil, stdout)
}

// openStore opens the store of the flags; without one there is none yet.
func openStore(ctx context.Context, redisURL, database string) (store token.Store, closeStore func(), err error) {
	switch {
	case redisURL != "":
		options, err := redis.ParseURL(redisURL)
		if err != nil {
			return nil, nil, errors.New("-redis: write it redis://USER:PASSWORD@HOST:6379/0") // err may quote the password
		}
		client := redis.NewClient(options)
		return redisstore.New(client), func() { _ = client.Close() }, nil
	case database != "":
		d, err := db.Open(ctx, database, db.Create())
		if err != nil {
			return nil, nil, err
		}
		dialect := sqlstore.SQLite
		if d.Dialect == db.MySQL {
			dialect = sqlstore.MySQL
		}
		s, err := sqlstore.New(ctx, d.DB, dialect)
		if err != nil {
			_ = d.Close()
			return nil, nil, err
		}
		return s, func() { _ = d.Close() }, nil
	}
	return nil, nil, nil
}

// parent starts the two processes, one after the other, and the simulation
// that they talk to where there are no credentials.
func parent(ctx context.Context, args []string, getenv func(string) string, needsStore bool, stdout io.Writer) error {
	a, err := account.Open(account.Config{Getenv: getenv})
	if err != nil {
		return err
	}
	a.Close()
	environment := os.Environ()
	if a.Simulated() {
		fmt.Fprintln(stdout, "Simulation: nothing leaves this machine. (模拟运行，不会发出任何内容)")
		server := wechattest.NewServer()
		defer server.Close()
		environment = append(environment, account.EnvAppID+"="+server.AppID, account.EnvAppSecret+"="+server.AppSecret, account.EnvBaseURL+"="+server.URL)
		defer func() { fmt.Fprintln(stdout, "tokens fetched from the simulation:", server.TokenFetches()) }()
	}
	if needsStore {
		folder, err := os.MkdirTemp("", "wxhome-tokenstore-")
		if err != nil {
			return err
		}
		defer os.RemoveAll(folder)
		args = append(args, "-db", "sqlite:"+filepath.Join(folder, "token.db"))
	}
	program, err := os.Executable()
	if err != nil {
		return err
	}
	for _, number := range []string{"1", "2"} {
		process := exec.CommandContext(ctx, program, args...)
		process.Env = append(environment, childNumber+"="+number)
		process.Stdout, process.Stderr = stdout, os.Stderr
		if err := process.Run(); err != nil {
			return fmt.Errorf("process %s: %w", number, err)
		}
	}
	return nil
}

// child is one of the two processes: it gets the token through the store and
// says where it came from.
func child(ctx context.Context, number string, getenv func(string) string, store token.Store, stdout io.Writer) error {
	var fetched atomic.Bool
	a, err := account.Open(account.Config{Getenv: getenv, Options: []wechat.Option{
		wechat.WithTokenStore(store),
		wechat.WithHook(func(_ context.Context, ev wechat.Event) {
			if ev.Op == wechat.OpToken && ev.Err == nil {
				fetched.Store(true)
			}
		}),
	}})
	if err != nil {
		return err
	}
	defer a.Close()
	value, err := a.Client.Token.Get(ctx)
	if err != nil {
		return err
	}
	from := "the store"
	if fetched.Load() {
		from = a.Host
	}
	fmt.Fprintf(stdout, "process %s (pid %d): token with the fingerprint %.4x, %d bytes [redacted], from %s\n",
		number, os.Getpid(), sha256.Sum256([]byte(value)), len(value), from)
	return nil
}

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hibiken/asynq"
	"github.com/redis/go-redis/v9"

	"github.com/org/wxhome/examples/internal/push"
)

// fleet is what an account has in Redis: two queues, the campaigns that are
// being sent, and why it is held. Everything begins with the AppID, so that
// one account's quota holds that account alone.
type fleet struct {
	appID string
	redis redis.UniversalClient
	tasks *asynq.Client
	look  *asynq.Inspector
}

func newFleet(client redis.UniversalClient, appID string) *fleet {
	return &fleet{appID, client, asynq.NewClientFromRedisClient(client), asynq.NewInspectorFromRedisClient(client)}
}

// first is the queue of rows that nobody has tried, again the one of those that
// are to be repeated. A row that goes back to the end of a long queue would be
// too old to be repeated by the time it is its turn.
func (f *fleet) first() string { return f.appID + ":push" }
func (f *fleet) again() string { return f.appID + ":again" }

func (f *fleet) queues() []string { return []string{f.first(), f.again()} }

func (f *fleet) key(name string) string { return f.appID + ":fleet:" + name }

// taskType is what asynq calls a row's task.
const taskType = "push:row"

const (
	// maxRetry is out of reach: the rules, not a count, end a row.
	maxRetry = 1000
	// taskTimeout is above what one message may take with all its waits.
	taskTimeout = time.Hour
	// loaders put tasks into a queue at a time.
	loaders = 16
)

// task names a row of the ledger.
type task struct {
	Campaign string `json:"campaign"`
	Row      int64  `json:"row"`
	Attempts int    `json:"attempts"` // when it was put into the queue
}

func parseTask(payload []byte) (task, error) {
	var t task
	if err := json.Unmarshal(payload, &t); err != nil || t.Row <= 0 || t.Campaign == "" {
		return task{}, errors.New("the payload names no row of a campaign")
	}
	return t, nil
}

// id is unique by account, campaign and row, and for a row that is to be
// repeated by the attempts that it has had: the task of a worker that was
// killed stays in asynq's hands for a minute and more, which nobody waits for.
func (f *fleet) id(t task) string {
	id := f.appID + ":" + t.Campaign + ":" + strconv.FormatInt(t.Row, 10)
	if t.Attempts > 0 {
		id += ":" + strconv.Itoa(t.Attempts)
	}
	return id
}

// put puts a row into a queue, to be sent after a while. One that is there
// already stays as it is; one that lies in the archive is taken out of it.
func (f *fleet) put(ctx context.Context, queue string, t task, after time.Duration) (added bool, err error) {
	payload, err := json.Marshal(t)
	if err != nil {
		return false, err
	}
	id := f.id(t)
	for range 2 {
		_, err = f.tasks.EnqueueContext(ctx, asynq.NewTask(taskType, payload), asynq.TaskID(id), asynq.Queue(queue),
			asynq.MaxRetry(maxRetry), asynq.Timeout(taskTimeout), asynq.ProcessIn(after))
		if err == nil {
			return true, nil
		}
		if !errors.Is(err, asynq.ErrTaskIDConflict) {
			return false, fmt.Errorf("put into the queue: %w", err)
		}
		if info, err := f.look.GetTaskInfo(queue, id); err != nil || info.State != asynq.TaskStateArchived {
			return false, nil // it is there, or has just been done
		}
		_ = f.look.DeleteTask(queue, id) // somebody else may have
	}
	return false, nil
}

// putAll puts rows into a queue, several at a time, and returns how many were
// not there.
func (f *fleet) putAll(ctx context.Context, queue, campaign string, rows []push.Waiting) (added int, err error) {
	var group sync.WaitGroup
	var once sync.Once
	var next, n atomic.Int64
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	for range min(loaders, len(rows)) {
		group.Go(func() {
			for ctx.Err() == nil {
				i := int(next.Add(1)) - 1
				if i >= len(rows) {
					return
				}
				fresh, e := f.put(ctx, queue, task{campaign, rows[i].ID, rows[i].Attempts}, 0)
				if e != nil {
					once.Do(func() { err = e; cancel() })
					return
				}
				if fresh {
					n.Add(1)
				}
			}
		})
	}
	group.Wait()
	if err == nil {
		err = context.Cause(ctx)
	}
	return int(n.Load()), err
}

// campaigns are those that are being sent. A worker looks after their rows; a
// campaign of batchpush's is none of them.
func (f *fleet) campaigns(ctx context.Context) ([]string, error) {
	return f.redis.SMembers(ctx, f.key("campaigns")).Result()
}

func (f *fleet) begin(ctx context.Context, campaign string) error {
	return f.redis.SAdd(ctx, f.key("campaigns"), campaign).Err()
}

func (f *fleet) done(ctx context.Context, campaign string) error {
	return f.redis.SRem(ctx, f.key("campaigns"), campaign).Err()
}

// pending is how many tasks of both queues are due.
func (f *fleet) pending() (n int, err error) {
	infos, err := f.infos()
	for _, info := range infos {
		n += info.Pending
	}
	return n, err
}

// infos describes those of the account's queues that there are yet.
func (f *fleet) infos() (infos []*asynq.QueueInfo, err error) {
	known, err := f.look.Queues()
	if err != nil {
		return nil, err
	}
	for _, queue := range f.queues() {
		if !slices.Contains(known, queue) {
			continue
		}
		info, err := f.look.GetQueueInfo(queue)
		if err != nil {
			return nil, err
		}
		infos = append(infos, info)
	}
	return infos, nil
}

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hibiken/asynq"
	"github.com/redis/go-redis/v9"

	"github.com/org/wxhome/examples/internal/push"
)

// fleet is what an account has in Redis: its queues, the campaigns that are
// being sent, and why it is held. Everything begins with the AppID, so that
// one account's quota holds that account alone.
type fleet struct {
	appID  string
	redis  redis.UniversalClient
	tasks  *asynq.Client
	look   *asynq.Inspector
	ledger string // its id; empty: not read yet
}

func newFleet(client redis.UniversalClient, appID string) *fleet {
	return &fleet{appID: appID, redis: client, tasks: asynq.NewClientFromRedisClient(client), look: asynq.NewInspectorFromRedisClient(client)}
}

// blocks is the queue of blocks in their order, repeats the one of blocks with
// rows that are to be repeated. What goes back to the end of a long queue would
// be too old to be repeated by the time it is its turn.
func (f *fleet) blocks() string  { return f.appID + ":blocks" }
func (f *fleet) repeats() string { return f.appID + ":repeats" }

// rows are the two queues of the version before, whose tasks are single rows.
// Nothing is put there any more.
func (f *fleet) rows() []string { return []string{f.appID + ":again", f.appID + ":push"} }

func (f *fleet) queues() []string { return append([]string{f.repeats(), f.blocks()}, f.rows()...) }

func (f *fleet) key(name string) string { return f.appID + ":fleet:" + name }

// put puts a block into the queue, to be sent after a while. One that is there
// already stays as it is; one that lies in the archive is taken out of it.
func (f *fleet) put(ctx context.Context, b push.Block, after time.Duration) (added bool, err error) {
	payload, err := json.Marshal(taskOf(b, f.ledger))
	if err != nil {
		return false, err
	}
	queue, id := f.blocks(), f.id(b)
	if b.Repeats {
		queue = f.repeats()
	}
	for range 2 {
		_, err = f.tasks.EnqueueContext(ctx, asynq.NewTask(blockType, payload), asynq.TaskID(id), asynq.Queue(queue),
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

// putAll puts blocks into the queue, several at a time, and returns how many
// were not there.
func (f *fleet) putAll(ctx context.Context, blocks []push.Block) (added int, err error) {
	var group sync.WaitGroup
	var once sync.Once
	var next, n atomic.Int64
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	for range min(loaders, len(blocks)) {
		group.Go(func() {
			for ctx.Err() == nil {
				i := int(next.Add(1)) - 1
				if i >= len(blocks) {
					return
				}
				fresh, e := f.put(ctx, blocks[i], 0)
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

func (f *fleet) done(ctx context.Context, campaign string) error {
	return f.redis.SRem(ctx, f.key("campaigns"), campaign).Err()
}

// pending is how many tasks of all queues are due.
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

namespace Segue.Numerics;

/// <summary>One chunk of work, see <see cref="Workers.Run{TState}"/>.</summary>
/// <param name="state">What the work needs.</param>
/// <param name="start">First item.</param>
/// <param name="end">After the last item.</param>
/// <param name="worker">Which worker runs it: no two chunks run on one worker at once.</param>
public delegate void WorkerBody<TState>(in TState state, int start, int end, int worker);

/// <summary>Splits independent work over threads so that the result does not depend on which thread took which part.</summary>
public static class Workers
{
    /// <summary>Runs <paramref name="body"/> over [0, <paramref name="count"/>) in consecutive chunks, each exactly once.</summary>
    /// <param name="count">Number of work items.</param>
    /// <param name="chunk">Items per chunk; the cut does not depend on the number of threads.</param>
    /// <param name="threads">At most this many threads, the caller's included; at least 1.</param>
    /// <param name="body">Called with (start, end, worker); worker is below <paramref name="threads"/>, so scratch space can be kept per worker.</param>
    /// <param name="cancellation">
    /// Checked between chunks, and the <see cref="CancellationScope"/> of every chunk; that of the caller where none is given.
    /// </param>
    /// <exception cref="OperationCanceledException">Cancelled between two chunks.</exception>
    /// <exception cref="AggregateException">A body threw on another thread; the others are awaited first.</exception>
    public static void Run(int count, int chunk, int threads, Action<int, int, int> body, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(body);
        Run(count, chunk, threads, body, static (in Action<int, int, int> run, int start, int end, int worker) => run(start, end, worker), cancellation);
    }

    /// <summary>The same for a static <paramref name="body"/> that gets what it needs as a value: nothing is allocated once warm.</summary>
    /// <param name="count">Number of work items.</param>
    /// <param name="chunk">Items per chunk; the cut does not depend on the number of threads.</param>
    /// <param name="threads">At most this many threads, the caller's included; at least 1.</param>
    /// <param name="state">Handed to every chunk.</param>
    /// <param name="body">The work.</param>
    /// <param name="cancellation">
    /// Checked between chunks, and the <see cref="CancellationScope"/> of every chunk; that of the caller where none is given.
    /// </param>
    /// <remarks>
    /// Helpers come from the thread pool and take chunks while there are any; where the pool is busy the caller does them all, so
    /// nothing waits for a thread and calls may nest.
    /// </remarks>
    /// <exception cref="OperationCanceledException">Cancelled between two chunks.</exception>
    /// <exception cref="AggregateException">A body threw on another thread; the others are awaited first.</exception>
    public static void Run<TState>(
        int count, int chunk, int threads, in TState state, WorkerBody<TState> body, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(body);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(chunk);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(threads);
        if (count <= 0)
        {
            return;
        }

        int chunks = (int)(((long)count + chunk - 1) / chunk);
        int workers = Math.Min(threads, chunks);
        if (!cancellation.CanBeCanceled)
        {
            cancellation = CancellationScope.Current;
        }

        using CancellationScope scope = CancellationScope.Hold(cancellation);
        if (workers == 1)
        {
            for (int start = 0; start < count; start += Math.Min(chunk, count - start))
            {
                cancellation.ThrowIfCancellationRequested();
                body(in state, start, start + Math.Min(chunk, count - start), 0);
            }

            return;
        }

        SharedWork<TState> work = SharedWork<TState>.Rent();
        try
        {
            work.Run(count, chunk, workers, in state, body, cancellation);
        }
        catch (AggregateException e) when (
            cancellation.IsCancellationRequested && e.InnerExceptions.All(i => i is OperationCanceledException))
        {
            // Work inside a chunk stopped on another thread.
            throw new OperationCanceledException(cancellation);
        }
        finally
        {
            work.Return();
        }

        cancellation.ThrowIfCancellationRequested();
    }

    /// <summary>Work that the caller and helpers take chunks of; kept by the thread that made it, to be used again.</summary>
    private sealed class SharedWork<TState> : SharedWork
    {
        [ThreadStatic]
        private static SharedWork<TState>? _spare;

        private TState _state = default!;
        private WorkerBody<TState>? _body;
        private CancellationToken _cancellation;
        private int _count, _chunk, _chunks, _next;

        public static SharedWork<TState> Rent()
        {
            SharedWork<TState> work = _spare ?? new();
            _spare = null;
            return work;
        }

        public void Return()
        {
            _state = default!;
            _body = null;
            _cancellation = default;
            _spare = this;
        }

        public void Run(int count, int chunk, int workers, in TState state, WorkerBody<TState> body, CancellationToken cancellation)
        {
            (_state, _body, _cancellation) = (state, body, cancellation);
            (_count, _chunk, _chunks, _next) = (count, chunk, (int)(((long)count + chunk - 1) / chunk), -1);
            Share(workers);
        }

        protected override void Work(int worker)
        {
            using CancellationScope scope = CancellationScope.Hold(_cancellation);
            while (!_cancellation.IsCancellationRequested)
            {
                int c = Interlocked.Increment(ref _next);
                if (c >= _chunks)
                {
                    return;
                }

                int start = c * _chunk;
                _body!(in _state, start, start + Math.Min(_chunk, _count - start), worker);
            }
        }
    }

    private abstract class SharedWork
    {
        private readonly ManualResetEventSlim _done = new(false, spinCount: 200);
        private readonly List<Helper> _all = [];
        private Helper?[] _asked = [];
        private List<Exception>? _failures;
        private int _running;

        protected abstract void Work(int worker);

        protected void Share(int workers)
        {
            if (_asked.Length < workers - 1)
            {
                Array.Resize(ref _asked, workers - 1);
            }

            _failures = null;
            _running = 1;
            _done.Reset();
            int asked = 0;
            while (asked < workers - 1 && Idle(workers) is { } helper)
            {
                _asked[asked++] = helper;
                helper.Ask(asked);
            }

            try
            {
                Work(0);
            }
            finally
            {
                for (int h = 0; h < asked; h++)
                {
                    _asked[h]!.GiveUp();
                }

                if (Interlocked.Decrement(ref _running) > 0)
                {
                    _done.Wait(CancellationToken.None);
                }
            }

            if (_failures is { } failures)
            {
                throw new AggregateException(failures);
            }
        }

        /// <summary>A helper to ask, or null where the pool is so busy that many which were given up still wait for it.</summary>
        private Helper? Idle(int workers)
        {
            // One the pool has not come to yet since it was given up cannot be asked again.
            foreach (Helper helper in _all)
            {
                if (helper.IsIdle)
                {
                    return helper;
                }
            }

            if (_all.Count >= Math.Max(32, 4 * workers))
            {
                return null;
            }

            _all.Add(new Helper(this));
            return _all[^1];
        }

        private void Enter() => Interlocked.Increment(ref _running);

        private void Leave(Exception? failure)
        {
            if (failure is not null)
            {
                lock (_done)
                {
                    (_failures ??= []).Add(failure);
                }
            }

            if (Interlocked.Decrement(ref _running) == 0)
            {
                _done.Set();
            }
        }

        /// <summary>A seat for one pool thread: idle → asked → at work → idle, or asked → given up → idle.</summary>
        private sealed class Helper(SharedWork work) : IThreadPoolWorkItem
        {
            private const int Idle = 0, Asked = 1, AtWork = 2, GivenUp = 3;

            private int _status, _worker;

            public bool IsIdle => Volatile.Read(ref _status) == Idle;

            public void Ask(int worker)
            {
                _worker = worker;
                Volatile.Write(ref _status, Asked);
                work.Enter();
                ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
            }

            public void GiveUp()
            {
                if (Interlocked.CompareExchange(ref _status, GivenUp, Asked) == Asked)
                {
                    work.Leave(null);
                }
            }

            public void Execute()
            {
                if (Interlocked.CompareExchange(ref _status, AtWork, Asked) != Asked)
                {
                    Volatile.Write(ref _status, Idle);
                    return;
                }

                Exception? failure = null;
                try
                {
                    work.Work(_worker);
                }
                catch (Exception e)
                {
                    failure = e;
                }

                // Idle before leaving: whoever waits for the last one to leave may ask at once.
                Volatile.Write(ref _status, Idle);
                work.Leave(failure);
            }
        }
    }
}

namespace Segue.Numerics;

/// <summary>Splits independent work over threads so that the result does not depend on which thread took which part.</summary>
public static class Workers
{
    /// <summary>Runs <paramref name="body"/> over [0, <paramref name="count"/>) in consecutive chunks, each exactly once.</summary>
    /// <param name="count">Number of work items.</param>
    /// <param name="chunk">Items per chunk; the cut does not depend on the number of threads.</param>
    /// <param name="threads">At most this many threads, the caller's included; at least 1.</param>
    /// <param name="body">Called with (start, end, worker); worker is below <paramref name="threads"/>, so scratch space can be kept per worker.</param>
    /// <param name="cancellation">Checked between chunks.</param>
    /// <exception cref="OperationCanceledException">Cancelled between two chunks.</exception>
    /// <exception cref="AggregateException">A body threw on another thread; the others are awaited first.</exception>
    public static void Run(int count, int chunk, int threads, Action<int, int, int> body, CancellationToken cancellation = default)
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
        if (workers == 1)
        {
            for (int start = 0; start < count; start += Math.Min(chunk, count - start))
            {
                cancellation.ThrowIfCancellationRequested();
                body(start, start + Math.Min(chunk, count - start), 0);
            }

            return;
        }

        int next = -1;
        void Work(int worker)
        {
            while (!cancellation.IsCancellationRequested)
            {
                int c = Interlocked.Increment(ref next);
                if (c >= chunks)
                {
                    return;
                }

                int start = c * chunk;
                body(start, start + Math.Min(chunk, count - start), worker);
            }
        }

        var tasks = new Task[workers - 1];
        for (int w = 1; w < workers; w++)
        {
            int worker = w;
            tasks[w - 1] = Task.Factory.StartNew(() => Work(worker), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        }

        try
        {
            Work(0);
        }
        finally
        {
            Task.WaitAll(tasks, CancellationToken.None);
        }

        cancellation.ThrowIfCancellationRequested();
    }
}

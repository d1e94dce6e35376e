using System.Runtime.InteropServices;
using Xunit;

namespace Segue.Numerics.Tests.Fuzz;

/// <summary>Memory whose neighbouring pages do not exist: who reads or writes one element too far ends the process.</summary>
internal sealed unsafe partial class GuardedMemory : IDisposable
{
    private const int ReadWrite = 3, None = 0, PrivateAnonymous = 0x22;
    private readonly List<(nint Start, nuint Length)> _taken = [];
    private readonly bool _atStart;

    /// <summary>Takes nothing yet.</summary>
    /// <param name="atStart">True to put what is taken right behind the page that is missing; false to put it right before one.</param>
    public GuardedMemory(bool atStart)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "pages are protected by calls of Linux");
        _atStart = atStart;
    }

    /// <summary>A copy of values.</summary>
    public Span<T> Take<T>(ReadOnlySpan<T> values)
        where T : unmanaged
    {
        var taken = new Span<T>(Pointer<T>(values.Length), values.Length);
        values.CopyTo(taken);
        return taken;
    }

    /// <summary>A copy of values that may be too short or cut off: exactly <paramref name="count"/> elements are there, repeated where needed.</summary>
    public T* Take<T>(ReadOnlySpan<T> values, int count)
        where T : unmanaged
    {
        T* taken = Pointer<T>(count);
        for (int n = 0; n < count; n++)
        {
            taken[n] = values[n % values.Length];
        }

        return taken;
    }

    public void Dispose()
    {
        foreach ((nint start, nuint length) in _taken)
        {
            _ = Unmap(start, length);
        }

        _taken.Clear();
    }

    private T* Pointer<T>(int count)
        where T : unmanaged
    {
        nuint page = (nuint)Environment.SystemPageSize, bytes = (nuint)count * (nuint)sizeof(T), inside = (bytes + page - 1) / page * page;
        nint start = Map(0, inside + (2 * page), None, PrivateAnonymous, -1, 0);
        Assert.NotEqual(-1, start);
        _taken.Add((start, inside + (2 * page)));
        nint first = start + (nint)page;
        Assert.True(inside == 0 || Protect(first, inside, ReadWrite) == 0, "the pages cannot be made readable");
        return (T*)(_atStart ? first : first + (nint)(inside - bytes));
    }

    [LibraryImport("libc", EntryPoint = "mmap", SetLastError = true)]
    private static partial nint Map(nint address, nuint length, int protection, int flags, int file, nint offset);

    [LibraryImport("libc", EntryPoint = "mprotect", SetLastError = true)]
    private static partial int Protect(nint address, nuint length, int protection);

    [LibraryImport("libc", EntryPoint = "munmap", SetLastError = true)]
    private static partial int Unmap(nint address, nuint length);
}

using System.Diagnostics;
using Segue.Core.Data;
using Segue.Testing;
using Xunit;

namespace Segue.Core.Tests.Data;

public sealed class RegularFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_file_is_read_through_links_with_the_length_of_its_own()
    {
        string file = _folder.File("a"), link = _folder.File("link"), far = _folder.File("far"), none = _folder.File("empty");
        File.WriteAllText(file, "hello");
        File.WriteAllText(none, "");
        File.CreateSymbolicLink(link, file);
        File.CreateSymbolicLink(far, "link");
        foreach (string path in new[] { file, link, far })
        {
            Assert.Null(RegularFile.Fault(path, out long length));
            Assert.Equal((5, 5), (length, RegularFile.Length(path)));
            Assert.Equal("hello"u8, RegularFile.ReadAllBytes(path, 5));
        }

        Assert.Null(RegularFile.Fault(none, out _));
        Assert.Empty(RegularFile.ReadAllBytes(none, 5));
        Assert.Contains("more than the 4", Assert.Throws<DatasetException>(() => RegularFile.ReadAllBytes(far, 4)).Message,
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("pipe", "a pipe; save what it gives to a file first")]
    [InlineData("/dev/zero", "a device; save")]
    [InlineData("/dev/null", "a device; save")]
    [InlineData("/proc/self/status", "the system makes up")]
    [InlineData("folder", "a folder; name a file")]
    [InlineData("circle", "leads nowhere")]
    [InlineData("nothing", "which is not there")]
    public void What_is_no_file_is_refused_and_never_opened(string target, string expected)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "pipes and devices are no paths elsewhere");
        string link = _folder.File("link"), direct = target[0] == '/' ? target : _folder.File(target);
        switch (target)
        {
            case "pipe":
                using (Process make = Process.Start("mkfifo", [direct]))
                {
                    make.WaitForExit();
                }

                break;
            case "folder":
                Directory.CreateDirectory(direct);
                break;
            case "circle":
                File.CreateSymbolicLink(direct, link);
                break;
        }

        File.CreateSymbolicLink(link, direct);
        Assert.Contains(expected, RegularFile.Fault(link, out long length), StringComparison.Ordinal);
        Assert.Equal(0, length);
        string message = Assert.Throws<DatasetException>(() => RegularFile.Open(link)).Message;
        Assert.Contains(expected, message, StringComparison.Ordinal);
        Assert.Contains(link, message, StringComparison.Ordinal);
        Assert.Throws<DatasetException>(() => RegularFile.ReadAllBytes(link, 100));
        Assert.NotNull(RegularFile.Fault(direct, out _));
    }

    [Fact]
    public void A_socket_is_refused()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "sockets are no paths there");
        using var socket = new System.Net.Sockets.Socket(
            System.Net.Sockets.AddressFamily.Unix, System.Net.Sockets.SocketType.Stream, System.Net.Sockets.ProtocolType.Unspecified);
        string path = _folder.File("s");
        socket.Bind(new System.Net.Sockets.UnixDomainSocketEndPoint(path));
        Assert.Contains("a socket", Assert.Throws<DatasetException>(() => RegularFile.Open(path)).Message, StringComparison.Ordinal);
    }
}

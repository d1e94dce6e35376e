using System.Diagnostics;
using Segue.Testing;
using Xunit;

namespace Segue.Pipeline.Tests.Reports;

/// <summary>A page as a headless browser leaves it after its scripts ran.</summary>
internal static class Browser
{
    private const string Chromium = "/usr/bin/chromium";

    /// <summary>The document after loading; skips where there is no browser.</summary>
    public static async Task<string> DocumentAfterLoading(string html)
    {
        Assert.SkipUnless(File.Exists(Chromium), $"{Chromium} is absent: install chromium to see the page rendered");
        using TemporaryFolder folder = TestData.NewFolder();
        string page = folder.File("page.html");
        await File.WriteAllTextAsync(page, html, TestContext.Current.CancellationToken);
        var start = new ProcessStartInfo(Chromium) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (string argument in new[]
        {
            "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking", "--disable-component-update",
            "--disable-sync", "--no-first-run", $"--user-data-dir={folder.File("profile")}", "--window-size=1280,2400", "--virtual-time-budget=5000",
            "--dump-dom", new Uri(page).AbsoluteUri,
        })
        {
            start.ArgumentList.Add(argument);
        }

        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(TimeSpan.FromMinutes(2));
        using Process process = Process.Start(start)!;
        try
        {
            Task<string> errors = process.StandardError.ReadToEndAsync(limit.Token);
            string document = await process.StandardOutput.ReadToEndAsync(limit.Token);
            await process.WaitForExitAsync(limit.Token);
            Assert.True(document.Length > 0, $"the browser printed nothing: {await errors}");
            return document;
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill(entireProcessTree: true);
                await process.WaitForExitAsync(CancellationToken.None);
            }
        }
    }
}

using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Xunit;

namespace Segue.Pipeline.Tests.Reports;

/// <summary>What every page must keep.</summary>
internal static partial class Pages
{
    /// <summary>Text that breaks out of careless attributes, elements, scripts and comments.</summary>
    public const string Hostile = "\"'><img src=x onerror=alert(1)></script><script>alert(2)</script><!-- --> & \u202E \u2028 {{x}} ${y}";

    /// <summary>Counts, a moment after the charts are drawn, what only hostile text can have put into the page.</summary>
    public const string CountIntruders =
        "setTimeout(() => { document.body.dataset.intruders = document.images.length"
        + " + document.querySelectorAll('[onerror], script:not([type])').length - 4; }, 500);";

    public static JsonElement Data(string html)
    {
        Match block = DataBlock().Match(html);
        Assert.True(block.Success, "no data block");
        return JsonDocument.Parse(block.Groups[1].Value).RootElement.Clone();
    }

    public static void AssertSelfContained(string html, int scripts = 3)
    {
        // The library is the one shipped, so what is looked at is everything around it.
        string own = Scripts().Replace(Comment().Replace(html, string.Empty), string.Empty);
        Assert.DoesNotMatch(new Regex(@"(src|href|srcset|action|poster)\s*=", RegexOptions.IgnoreCase), own);
        Assert.DoesNotMatch(new Regex(@"@import|url\(|<link|<iframe|<object|<embed|<base", RegexOptions.IgnoreCase), own);
        Assert.Contains("default-src 'none'", own, StringComparison.Ordinal);
        Assert.Contains("<meta charset=\"utf-8\">", own, StringComparison.Ordinal);
        foreach (Match script in Scripts().Matches(Comment().Replace(html, string.Empty)))
        {
            string hash = Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(script.Groups[1].Value)));
            Assert.Contains($"'sha256-{hash}'", own, StringComparison.Ordinal);
        }

        Assert.Equal(scripts, Scripts().Count(Comment().Replace(html, string.Empty)));
        Assert.Equal(scripts + 1, Regex.Count(html, "</script", RegexOptions.IgnoreCase));
    }

    /// <summary>As <see cref="AssertSelfContained"/>, where a text that looks like markup is shown, escaped.</summary>
    public static void AssertSelfContainedButFor(string html, string text)
    {
        string escaped = System.Text.Encodings.Web.HtmlEncoder.Create(System.Text.Unicode.UnicodeRanges.All).Encode(text);
        Assert.Contains(escaped, html, StringComparison.Ordinal);
        // Options are broken after every sign of equality.
        AssertSelfContained(DataBlock().Replace(html.Replace(escaped, "text", StringComparison.Ordinal)
            .Replace(escaped.Replace("=", "=<wbr>", StringComparison.Ordinal), "text", StringComparison.Ordinal), "<p></script>"));
    }

    public static void AssertLicence(string html)
    {
        Match comment = Comment().Match(html);
        Assert.Contains("Apache License", comment.Value, StringComparison.Ordinal);
        Assert.Contains("Version 2.0, January 2004", comment.Value, StringComparison.Ordinal);
        Assert.Contains("Copyright 2017-2026 The Apache Software Foundation", comment.Value, StringComparison.Ordinal);
        Assert.Contains("Mike Bostock", comment.Value, StringComparison.Ordinal);
        Assert.Contains("t.version=\"6.1.0\"", html, StringComparison.Ordinal);
    }

    /// <summary>Removes the policy and adds a script, which the policy would stop.</summary>
    public static string WithScript(string html, string script)
    {
        string open = Regex.Replace(html, "<meta http-equiv=\"Content-Security-Policy\"[^>]*>", string.Empty);
        return open.Insert(open.LastIndexOf("</body>", StringComparison.Ordinal), $"<script>{script}</script>");
    }

    [GeneratedRegex("<script type=\"application/json\" id=\"data\">(.*?)</script>", RegexOptions.Singleline)]
    private static partial Regex DataBlock();

    [GeneratedRegex("<script>(.*?)</script>", RegexOptions.Singleline)]
    private static partial Regex Scripts();

    [GeneratedRegex("<!--\nApache ECharts.*?-->", RegexOptions.Singleline)]
    private static partial Regex Comment();
}

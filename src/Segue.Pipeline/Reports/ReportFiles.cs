using System.Text;
using Segue.Core;
using Segue.Core.Data;

namespace Segue.Pipeline.Reports;

/// <summary>The files of reports and pages: where they may be written, and writing them.</summary>
public static class ReportFiles
{
    private const string JsonName = "report.json";
    private const string PageName = "report.html";

    /// <summary>Throws where a page could not be written to <paramref name="path"/>, so that it is known before any work.</summary>
    /// <exception cref="DatasetException">The file cannot be written, or is not a page of Segue.</exception>
    public static void CheckPage(string path) => HtmlPage.CheckTarget(path);

    /// <summary>Throws where <see cref="Write"/> would fail, so that it is known before any work.</summary>
    /// <exception cref="DatasetException">The folder cannot be written, or holds a report of something else.</exception>
    public static void CheckFolder(string folder)
    {
        OutputPath.CheckFolder(folder);
        AtomicFile.CheckTarget(
            Path.Combine(folder, JsonName), head => head.IndexOf(Encoding.UTF8.GetBytes($"\"format\": \"{ExperimentReport.FormatName}\"")) >= 0);
        HtmlPage.CheckTarget(PagePath(folder));
    }

    /// <summary>Path of the page in a folder of a report.</summary>
    public static string PagePath(string folder) => Path.Combine(folder, PageName);

    /// <summary>Writes <c>report.json</c> and <c>report.html</c>; each appears whole or not at all. Everything else in the folder stays.</summary>
    /// <exception cref="DatasetException">They cannot be written, or replace files of something else.</exception>
    public static void Write(ExperimentReport report, string folder)
    {
        ArgumentNullException.ThrowIfNull(report);
        CheckFolder(folder);

        // The page first: it makes the folder.
        HtmlReport.Write(report, PagePath(folder));
        AtomicFile.WriteText(Path.Combine(folder, JsonName), report.ToJson());
    }
}

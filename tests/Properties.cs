using System.Globalization;
using FsCheck;

namespace Segue.Testing;

/// <summary>How many cases a property is asked about, and which.</summary>
/// <remarks>
/// The same ones in every run, so that a build fails because of a change and never by luck. <c>SEGUE_PROPERTIES=20</c> looks for
/// trouble instead: twenty times as many cases, other ones in every run; a failure prints what replays it.
/// </remarks>
internal static class Properties
{
    public static Config Cases(int count = 100) =>
        int.TryParse(Environment.GetEnvironmentVariable("SEGUE_PROPERTIES"), CultureInfo.InvariantCulture, out int times) && times > 0
            ? Config.QuickThrowOnFailure.WithMaxTest(count * times)
            : Config.QuickThrowOnFailure.WithMaxTest(count).WithReplay(20_261_121, 1);
}

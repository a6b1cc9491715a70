using System.Text.RegularExpressions;
using Operone.Core.Connection;
using Xunit;

namespace Operone.Tests.Architecture;

public sealed partial class FloorPlanTests
{
    [Theory]
    [InlineData("Operone.Core")]
    [InlineData("Operone.Web")]
    [InlineData("Operone.Agent")]
    public void Rooms_CallOnlyRoomsAboveThem(string project)
    {
        var wrong = new List<string>();
        foreach (var file in SourceTree.Files(project))
        {
            var parts = Path.GetRelativePath(Path.Combine(SourceTree.Root, project), file).Split(Path.DirectorySeparatorChar);
            var room = Array.IndexOf(SourceTree.Rooms, parts[0]);

            // Pages put together what several rooms know; decision 0001 says why they are free of the plan.
            if (room < 0 || (parts.Length > 2 && parts[1] == "Pages"))
            {
                continue;
            }

            foreach (Match use in RoomUse().Matches(File.ReadAllText(file)))
            {
                if (use.Value == "Operone.Core.Events")
                {
                    // Publishing an event is for every room.
                    continue;
                }

                var used = Array.IndexOf(SourceTree.Rooms, use.Groups["room"].Value);
                if (used > room)
                {
                    wrong.Add($"{string.Join('/', parts)} uses {use.Value}");
                }
            }
        }

        Assert.Empty(wrong);
    }

    [Fact]
    public void Core_KnowsNoFrameworkAndNoInputOrOutput()
    {
        string[] forbidden = ["Microsoft.", "System.Net", "System.IO.FileSystem", "System.Diagnostics.Process", "System.Data", "Npgsql"];
        var references = typeof(IAgentHub).Assembly.GetReferencedAssemblies().Select(a => a.Name!);
        Assert.DoesNotContain(references, name => forbidden.Any(f => name.StartsWith(f, StringComparison.Ordinal)));
        Assert.DoesNotContain(SourceTree.Files("Operone.Core"), file => IoUse().IsMatch(File.ReadAllText(file)));
    }

    [Fact]
    public void SourceFiles_AreOfReadableLength()
    {
        var long_ = new[] { "Operone.Core", "Operone.Disk", "Operone.Web", "Operone.Agent" }
            .SelectMany(p => SourceTree.Files(p).Concat(SourceTree.Files(p, "*.razor")))
            .Where(f => !f.Contains($"{Path.DirectorySeparatorChar}Migrations{Path.DirectorySeparatorChar}", StringComparison.Ordinal))
            .Where(f => File.ReadLines(f).Count() > 400)
            .Select(f => Path.GetRelativePath(SourceTree.Root, f));
        Assert.Empty(long_);
    }

    [GeneratedRegex(@"\bOperone\.(Core|Web|Agent)\.(?<room>Access|Events|Devices|Channels|Shell|Files|Network|Kernel|Memory|Drivers|Cognition)\b")]
    private static partial Regex RoomUse();

    [GeneratedRegex(@"\b(File|Directory)\.(Read|Write|Open|Create|Delete|Exists|Move|Append)|\bConsole\.|\bProcess\.Start|\bHttpClient\b|\bDateTime(Offset)?\.(Utc)?Now\b")]
    private static partial Regex IoUse();
}

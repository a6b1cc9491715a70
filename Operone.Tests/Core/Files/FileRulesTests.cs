using Operone.Core;
using Operone.Core.Files;
using Xunit;

namespace Operone.Tests.Core.Files;

public sealed class FileRulesTests
{
    private static readonly Guid _role = Guid.NewGuid();

    private static FileRule Rule(string path, bool isWritable = false, string selector = "", Guid? role = null, params string[] hidden) => new()
    {
        Name = path,
        Path = TreePath.Parse(path).Value,
        IsWritable = isWritable,
        Selector = Selector.Parse(selector).Value,
        RoleId = role,
        Hidden = hidden,
    };

    private static IReadOnlyList<FileScope> Resolve(params FileRule[] rules) => FileRules.Resolve(rules, new Dictionary<string, string> { ["env"] = "prod" }, []);

    private static FileScope? Find(IReadOnlyList<FileScope> scopes, string path) => FileRules.Find(scopes, TreePath.Parse(path).Value);

    [Fact]
    public void Nothing_ThatMatches_LeavesAllOfADevice()
    {
        Assert.Equal(FileScope.Everything, Assert.Single(Resolve()));
        Assert.Equal(FileScope.Everything, Assert.Single(Resolve(Rule("/srv", selector: "env=test"), Rule("/srv", role: _role))));
        Assert.Equal("/srv", Assert.Single(FileRules.Resolve([Rule("/srv", role: _role)], new Dictionary<string, string>(), [_role])).Root);
    }

    [Fact]
    public void Something_ThatMatches_LeavesThatAlone_TheDeepestFirst()
    {
        var scopes = Resolve(Rule("/srv"), Rule("/srv/data", isWritable: true), Rule("/var/log"));
        Assert.False(Find(scopes, "/srv/x")!.IsWritable);
        Assert.True(Find(scopes, "/srv/data/x")!.IsWritable);
        Assert.Null(Find(scopes, "/etc/shadow"));
        Assert.Null(Find(scopes, "/"));
        Assert.Null(Find(scopes, "/srvx"));
        Assert.Equal(["srv", "var"], FileRules.NamesAbove(scopes, TreePath.Top)!);
        Assert.Equal(["log"], FileRules.NamesAbove(scopes, TreePath.Parse("/var").Value)!);
        Assert.Null(FileRules.NamesAbove(scopes, TreePath.Parse("/srv").Value));
        Assert.Null(FileRules.NamesAbove(scopes, TreePath.Parse("/etc").Value));
    }

    [Fact]
    public void Two_AboutOneFolder_LetChangeOnlyWhatBothDo_AndHideWhatEitherHides()
    {
        var scope = Assert.Single(Resolve(Rule("/srv", isWritable: true, hidden: "*.key"), Rule("/srv", hidden: ".git")));
        Assert.False(scope.IsWritable);
        Assert.Equal(["*.key", ".git"], scope.Hidden);
    }

    [Fact]
    public void What_IsHiddenInAFolder_IsHiddenInThoseWithin()
    {
        var scopes = Resolve(Rule("/", hidden: "*.key"), Rule("/srv", isWritable: true));
        Assert.Equal(["*.key"], Find(scopes, "/srv/a")!.Hidden);
    }
}

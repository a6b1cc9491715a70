using Operone.Web.Access;
using Xunit;

namespace Operone.Tests.Web.Access;

public sealed class AuditOptionsTests
{
    [Fact]
    public void Options_NoneGiven_AreRight() => Assert.True(new AuditOptionsValidation().Validate(null, new()).Succeeded);

    [Fact]
    public void Options_AllWrong_AreAllNamed()
    {
        var result = new AuditOptionsValidation().Validate(null, new() { KeepDays = 0, File = "audit.jsonl", Syslog = "http://host", SyslogAuthority = "/no/such/file" });
        Assert.Equal(
            ["Operone:Audit:File", "Operone:Audit:KeepDays", "Operone:Audit:Syslog", "Operone:Audit:SyslogAuthority"],
            result.Failures!.Select(f => string.Join(':', f.Split(':')[..3])).Distinct().Order());
    }

    [Theory]
    [InlineData("udp://host", "udp://host:514")]
    [InlineData("tcp://host", "tcp://host:601")]
    [InlineData("tls://logs.example.org", "tls://logs.example.org:6514")]
    [InlineData("tcp://[2001:db8::1]:1514", "tcp://[2001:db8::1]:1514")]
    [InlineData("TCP://10.0.0.1:1514/", "tcp://10.0.0.1:1514")]
    [InlineData("tcp://user@host", null)]
    [InlineData("tcp://host/path", null)]
    [InlineData("https://host", null)]
    [InlineData("host:514", null)]
    [InlineData("", null)]
    public void Syslog_Address_IsReadOrRefused(string text, string? expected) => Assert.Equal(expected, SyslogAddress.Parse(text)?.ToString());
}

using Operone.Web.Access;
using Xunit;

namespace Operone.Tests.Web.Access;

public sealed class SetupOptionsTests
{
    private const string GoodToken = "abcdefghijklmnopqrstuvwxyz012345";

    [Theory]
    [InlineData(null, null, null)]
    [InlineData("me@example.org", "quite-a-long-secret", null)]
    [InlineData("me@example.org", "quite-a-long-secret", GoodToken)]
    public void Validate_Right_Succeeds(string? email, string? password, string? token) => Assert.Empty(Problems(email, password, token));

    [Theory]
    [InlineData("me@example.org", null, null, "OwnerPassword")]
    [InlineData(null, "quite-a-long-secret", null, "OwnerEmail")]
    [InlineData(null, null, GoodToken, "OwnerEmail")]
    [InlineData("me", "quite-a-long-secret", null, "OwnerEmail")]
    [InlineData("me@example.org", "too-short", null, "OwnerPassword")]
    [InlineData("me@example.org", "quite-a-long-secret", "short", "ApiToken")]
    [InlineData("me@example.org", "quite-a-long-secret", "abcdefghijklmnopqrstuvwxyz 0123456", "ApiToken")]
    public void Validate_Wrong_NamesTheKey(string? email, string? password, string? token, string key) =>
        Assert.StartsWith($"Operone:Setup:{key}:", Assert.Single(Problems(email, password, token)), StringComparison.Ordinal);

    [Fact]
    public void Validate_EverythingWrong_SaysAllAtOnce() => Assert.Equal(3, Problems("me", "short", "short").Count);

    [Theory]
    [InlineData("password1234")]
    [InlineData("P@ssw0rd2024")]
    [InlineData("Passw0rd!!!!")]
    [InlineData("123456789012")]
    [InlineData("abcdefghijkl")]
    [InlineData("aaaaaaaaaaaa")]
    [InlineData("abababababab")]
    [InlineData("qwertyuiop12")]
    [InlineData("iloveyou1234")]
    [InlineData("operone12345")]
    [InlineData("changeme1234")]
    [InlineData("someone12345")]
    [InlineData("elevenchars")]
    [InlineData("1qaz2wsx3edc")]
    [InlineData("1q2w3e4r5t6y")]
    [InlineData("qwertyasdfgh")]
    [InlineData("poiuytrewq098")]
    [InlineData("hello7hello7")]
    [InlineData("Summer2026Admin!")]
    [InlineData("MyPassword2026")]
    public void Check_WeakPassword_IsRefused(string password) => Assert.NotNull(PasswordRules.Check(password, "someone@example.org"));

    [Theory]
    [InlineData("tr0ubadour-xyz")]
    [InlineData("correct staple 9")]
    [InlineData("Kj3#mmQz81!x")]
    [InlineData("ein langer Satz")]
    public void Check_GoodPassword_IsTaken(string password) => Assert.Null(PasswordRules.Check(password, "someone@example.org"));

    private static IReadOnlyList<string> Problems(string? email, string? password, string? token) =>
        [.. new SetupOptionsValidation().Validate(null, new() { OwnerEmail = email, OwnerPassword = password, ApiToken = token }).Failures ?? []];
}

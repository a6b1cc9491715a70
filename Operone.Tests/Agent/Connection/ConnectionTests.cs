using System.Buffers.Text;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Time.Testing;
using Operone.Agent.Connection;
using Operone.Agent.Devices;
using Operone.Core.Connection;
using Xunit;

namespace Operone.Tests.Agent.Connection;

public sealed class ConnectionTests
{
    [Fact]
    public void MessageRouter_HandlesEveryMethodOfTheClient() =>
        Assert.Equal(
            typeof(IAgentClient).GetInterfaces().SelectMany(i => i.GetMethods()).Select(m => m.Name).Order(StringComparer.Ordinal),
            MessageRouter.Methods.Order(StringComparer.Ordinal));

    [Fact]
    public void DeviceToken_IsSignedShortLivedAndNeverTheSame()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var time = new FakeTimeProvider(DateTimeOffset.UnixEpoch.AddSeconds(1000));
        var identity = new Identity(new Uri("http://x/"), Guid.CreateVersion7(), "web-1", "an \"audience\"", null);
        var tokens = new DeviceToken(identity, key, time);
        var parts = tokens.Create().Split('.');
        Assert.Equal("""{"alg":"ES256","typ":"JWT"}""", Encoding.UTF8.GetString(Base64Url.DecodeFromChars(parts[0])));
        var claims = JsonDocument.Parse(Base64Url.DecodeFromChars(parts[1])).RootElement;
        Assert.Equal(identity.DeviceId.ToString("D"), claims.GetProperty("iss").GetString());
        Assert.Equal(identity.DeviceId.ToString("D"), claims.GetProperty("sub").GetString());
        Assert.Equal("an \"audience\"", claims.GetProperty("aud").GetString());
        Assert.Equal((1000, 1060), (claims.GetProperty("iat").GetInt64(), claims.GetProperty("exp").GetInt64()));
        Assert.True(key.VerifyData(
            Encoding.ASCII.GetBytes($"{parts[0]}.{parts[1]}"), Base64Url.DecodeFromChars(parts[2]), HashAlgorithmName.SHA256,
            DSASignatureFormat.IeeeP1363FixedFieldConcatenation));
        Assert.NotEqual(parts[1], tokens.Create().Split('.')[1]);
    }

    [Fact]
    public void ServerTrust_WithAPin_AcceptsThatKeyAlone()
    {
        using var one = SelfSigned();
        using var other = SelfSigned();
        var check = ServerTrust.For(ServerTrust.PinOf(one))!;
        Assert.True(check(this, one, null, SslPolicyErrors.RemoteCertificateChainErrors));
        Assert.False(check(this, other, null, SslPolicyErrors.None));
        Assert.False(check(this, null, null, SslPolicyErrors.RemoteCertificateNotAvailable));
        Assert.Null(ServerTrust.For(null));
    }

    [Fact]
    public void Backoff_GrowsWithinItsBoundsAndIsSpread()
    {
        var pauses = Enumerable.Range(0, 200).Select(_ => new Backoff(Random.Shared)).Select(b => Enumerable.Range(0, 8).Select(_ => b.Next().TotalSeconds).ToArray()).ToList();
        Assert.All(pauses, p => Assert.All(p, s => Assert.InRange(s, 1, 30)));
        Assert.All(pauses, p => Assert.InRange(p[0], 1, 2));
        Assert.True(pauses.Average(p => p[7]) > pauses.Average(p => p[1]) * 3);
        Assert.True(pauses.Max(p => p[7]) - pauses.Min(p => p[7]) > 15);
        var backoff = new Backoff(Random.Shared);
        Enumerable.Range(0, 8).ToList().ForEach(_ => backoff.Next());
        backoff.Reset();
        Assert.InRange(backoff.Next().TotalSeconds, 1, 2);
    }

    [Theory]
    [InlineData("ope_abc", "ope_abc", null)]
    [InlineData(" ope_abc.pin \n", "ope_abc", "pin")]
    public void EnrolmentToken_WithOrWithoutPin_IsTakenApart(string text, string secret, string? pin) =>
        Assert.Equal(new EnrolmentToken(secret, pin), EnrolmentToken.Parse(text).Value);

    [Theory]
    [InlineData("")]
    [InlineData("ope_")]
    [InlineData("op_abc")]
    [InlineData("ope_a.b.c")]
    [InlineData("ope_a.")]
    public void EnrolmentToken_ThatIsNone_IsRefused(string text) => Assert.Equal("invalid-input", EnrolmentToken.Parse(text).Error!.Code);

    private static X509Certificate2 SelfSigned()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return new CertificateRequest("CN=x", key, HashAlgorithmName.SHA256).CreateSelfSigned(DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddDays(1));
    }
}

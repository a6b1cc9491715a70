using System.Buffers.Text;
using System.Net;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using CsCheck;
using Operone.Core.Access;
using Operone.Core.Devices;
using Operone.Tests.Hosting;
using Xunit;

namespace Operone.Tests.Web.Access;

/// <summary>Ten thousand credentials that are almost right, over real HTTP: none gets in, none makes the server fail.</summary>
public sealed class BadCredentialTests : ServerTests, IClassFixture<SqliteFixture>, IDisposable
{
    private const int Each = 5000;

    private readonly HttpClient _http;

    public BadCredentialTests(SqliteFixture fixture)
        : base(fixture) => _http = new HttpClient(new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            RequestHeaderEncodingSelector = (_, _) => Encoding.Latin1,
            MaxConnectionsPerServer = 8,
        })
        {
            BaseAddress = new(fixture.Server.Url),
        };

    [Fact]
    public async Task ApiToken_Mutated_NeverGetsIn()
    {
        using var made = await Server.Owner.PostAsJsonAsync("/api/v1/tokens", new CreateApiToken("mutated", [Permissions.DevicesRead]), Cancelled);
        string[] good = [(await made.Content.ReadFromJsonAsync<ApiTokenView>(Cancelled))!.Token!, OperoneServer.OwnerToken];
        foreach (var token in good)
        {
            Assert.Equal(HttpStatusCode.OK, await AskAsync("/api/v1/devices", $"Bearer {token}"));
        }

        var text = Gen.OneOf(good).SelectMany(Mutated);
        var header = Gen.Select(Gen.OneOf<Func<string, string[]>>(
            t => [$"Bearer {t}"], t => [$"Bearer {t}"], t => [$"Bearer {t}"], t => [$"bearer {t}"],
            t => [$"Bearer{t}"], t => [t], t => [$"Basic {Convert.ToBase64String(Encoding.UTF8.GetBytes($"x:{t}"))}"], t => [$"Token {t}"], t => [$"Bearer \"{t}\""],
            t => [$"Bearer {t}", $"Bearer {good[0]}"], t => [$"Bearer {t},Bearer {good[0]}"], t => [$"Bearer {good[0]} {t}"],
            t => [$"Bearer Bearer {good[0]}{t[..0]}"], t => [$"Bearer {Convert.ToBase64String(Encoding.UTF8.GetBytes(good[0]))}{t[..0]}"],
            t => [$"Bearer {Uri.EscapeDataString(good[0] + "\u00fc")}{t[..0]}"], t => ["Bearer " + new string('x', 20_000) + t]), text).Select((form, t) => form(t));
        await header.SampleAsync(
            async values =>
            {
                // What is still the token as it was, blanks aside, is no mutation.
                if (values.Length == 1 && good.Any(t => string.Equals(values[0].Trim(), $"Bearer {t}", StringComparison.Ordinal)
                    || (values[0].StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase) && values[0][7..].Trim() == t)))
                {
                    return;
                }

                var status = await AskAsync("/api/v1/devices", values);
                Assert.True(status is HttpStatusCode.Unauthorized or HttpStatusCode.BadRequest or HttpStatusCode.RequestHeaderFieldsTooLarge, $"{status}: {string.Join(" | ", values)}");
            },
            iter: Each, threads: 4);
        Assert.Equal(HttpStatusCode.OK, await AskAsync("/api/v1/devices", $"Bearer {good[0]}"));
    }

    [Fact]
    public async Task DeviceToken_Mutated_NeverGetsIn()
    {
        using var device = await Forger.EnrollAsync(Server, "forged");
        using var other = await Forger.EnrollAsync(Server, "other");
        Assert.Equal(HttpStatusCode.OK, await AskAsync("/api/v1/agents/me", $"Bearer {device.Sign(device.Claims())}"));

        var forged = Gen.Select(Gen.Int[0, 31], Gen.Int[0, int.MaxValue]).SelectMany((kind, seed) => kind switch
        {
            // Text that was right, broken afterwards. A signature of its own comes with each.
            < 8 => Mutated(device.Sign(device.Claims())),
            8 => Gen.Const(Bits(device.Sign(device.Claims()), seed)),
            9 => Gen.Const(Bits(device.Sign(device.Claims()), seed)),
            _ => Gen.Const(device.Forge(kind, seed, other)),
        });
        await forged.SampleAsync(
            async text =>
            {
                var status = await AskAsync("/api/v1/agents/me", $"Bearer {text}");
                Assert.True(status is HttpStatusCode.Unauthorized or HttpStatusCode.BadRequest or HttpStatusCode.RequestHeaderFieldsTooLarge, $"{status}: {text}");
            },
            iter: Each, threads: 4);
        Assert.Equal(HttpStatusCode.OK, await AskAsync("/api/v1/agents/me", $"Bearer {device.Sign(device.Claims())}"));
    }

    void IDisposable.Dispose()
    {
        _http.Dispose();
        Dispose();
    }

    private async Task<HttpStatusCode> AskAsync(string path, params string[] authorization)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.TryAddWithoutValidation("Authorization", authorization);
        using var response = await _http.SendAsync(request, Cancelled);
        return response.StatusCode;
    }

    /// <summary>A text with something changed, cut off, put in, swapped or turned; always another one.</summary>
    private static Gen<string> Mutated(string good)
    {
        // A line's end cannot be in a header; every other byte can.
        var letter = Gen.Int[1, 255].Where(c => c is not ('\r' or '\n')).Select(c => (char)c);
        return Gen.Select(Gen.Int[0, 8], Gen.Int[0, good.Length - 1], Gen.Int[0, good.Length - 1], letter).Select((how, at, to, c) => how switch
        {
            0 or 1 => good[..at] + c + good[(at + 1)..],
            2 => good[..at] + c + good[at..],
            3 => good[..at],
            4 => good[at..],
            5 => good.Remove(at, 1),
            6 => good[..at] + good[to..],
            7 => good + c,
            _ => good[..at] + (char.IsAsciiLetterLower(good[at]) ? char.ToUpperInvariant(good[at]) : char.ToLowerInvariant(good[at])) + good[(at + 1)..],
        }).Where(text => text.Trim() != good);
    }

    /// <summary>A JWT with one bit of one of its parts turned.</summary>
    private static string Bits(string token, int seed)
    {
        var parts = token.Split('.');
        var bytes = Base64Url.DecodeFromChars(parts[seed % 3]);
        bytes[seed / 3 % bytes.Length] ^= (byte)(1 << (seed % 8));
        parts[seed % 3] = Base64Url.EncodeToString(bytes);
        return string.Join('.', parts);
    }

    /// <summary>Knows a device's key, and how to make tokens that are wrong in one way each.</summary>
    private sealed class Forger(ECDsa key, Guid id, string audience) : IDisposable
    {
        private readonly ECDsa _strange = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        private readonly ECDsa _large = ECDsa.Create(ECCurve.NamedCurves.nistP384);
        private readonly RSA _rsa = RSA.Create(2048);

        public static async Task<Forger> EnrollAsync(OperoneServer server, string name)
        {
            var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            var token = await server.CreateEnrollmentTokenAsync();
            using var response = await server.Anonymous.PostAsJsonAsync("/api/v1/agents/enroll", FakeAgent.Request(token.Token!, name, key), Cancelled);
            response.EnsureSuccessStatusCode();
            var reply = (await response.Content.ReadFromJsonAsync<EnrollReply>(Cancelled))!;
            return new(key, reply.DeviceId, reply.Audience);
        }

        public JsonObject Claims()
        {
            var now = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
            return new() { ["iss"] = id.ToString("D"), ["sub"] = id.ToString("D"), ["aud"] = audience, ["iat"] = now, ["exp"] = now + 60, ["jti"] = Guid.NewGuid().ToString("N") };
        }

        /// <summary>The compact form, signed with the device's key unless told.</summary>
        public string Sign(JsonObject claims, JsonObject? header = null, ECDsa? with = null) => SignText(claims.ToJsonString(), header?.ToJsonString(), with);

        public string Forge(int kind, int seed, Forger other)
        {
            var claims = Claims();
            var now = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
            switch (kind)
            {
                case 10: return Unsigned(Pick(seed, "none", "None", "NONE", "nOnE", "", "null"), claims, seed % 2 == 0 ? "" : "AAAA");
                case 11: return Unsigned(Pick(seed, "none", "None", "NONE"), claims, Sign(claims).Split('.')[2]);
                case 12: return Hmac(claims, seed);
                case 13: return Sign(claims, with: _strange);
                case 14: return Sign(claims, new() { ["alg"] = "ES256", ["typ"] = "JWT", ["jwk"] = Jwk(_strange) }, _strange);
                case 15: return Sign(claims, new() { ["alg"] = "ES256", ["kid"] = Pick(seed, "../../dev/null", "' OR 1=1 --", id.ToString(), "x"), ["jku"] = "https://evil.example/keys", ["x5u"] = "https://evil.example/cert" }, _strange);
                case 16: return Sign(claims, new() { ["alg"] = Pick(seed, "ES384", "ES512", "es256", "ES256K", "EdDSA", "RS256", "PS256", "HS256"), ["typ"] = "JWT" });
                case 17: return Sign(claims, new() { ["alg"] = "ES384" }, _large);
                case 18: return Rsa(claims, seed);
                case 19: (claims["iat"], claims["exp"]) = (now - 3600 - (seed % 1000), now - 3000 + (seed % 1000)); break;
                case 20: (claims["iat"], claims["exp"]) = (now + 600 + (seed % 1000), now + 660 + (seed % 1000)); break;
                case 21: claims["exp"] = now + 301 + seed; break;
                case 22: claims["aud"] = Pick<JsonNode?>(seed, "operone:other", "", null, new JsonArray("operone:other", "x"), new JsonArray(), audience + " ", audience.ToUpperInvariant(), new JsonObject()); break;
                case 23: claims["sub"] = Pick<JsonNode?>(seed, other.Id, "", null, "x", id.ToString("N")); break;
                case 24: claims["iss"] = Pick<JsonNode?>(seed, other.Id, "", null, id.ToString("B")); break;
                case 25: (claims["iss"], claims["sub"]) = (other.Id, other.Id); break;
                case 26: (claims["iss"], claims["sub"]) = (Pick(seed, Guid.NewGuid().ToString(), Guid.Empty.ToString(), "owner@example.org"), claims["iss"]!.DeepClone()); break;
                case 27: claims[Pick(seed, "exp", "iat")] = Pick<JsonNode?>(seed / 2, null, "x", -1, 1e300, long.MaxValue, double.MaxValue, true, new JsonArray(), new JsonObject()); break;
                case 28: claims["jti"] = Pick<JsonNode?>(seed, null, "", new string('j', 65 + (seed % 500)), new JsonArray(), new JsonObject()); break;
                case 29: return Twice(claims, other, seed);
                case 30: return Sign(claims, new() { ["alg"] = "ES256", ["crit"] = new JsonArray("exp"), ["b64"] = seed % 2 == 0 });
                default:
                    return Pick(seed, "", ".", "..", "...", "a.b.c", new string('.', 2000), Sign(claims) + ".", "." + Sign(claims), Sign(claims) + ".AAAA.AAAA", Sign(claims) + "=",
                        Sign(claims).Replace(".", "..", StringComparison.Ordinal), "e30.e30.", "bnVsbA.bnVsbA.bnVsbA", SignText("[]"), SignText("null"), SignText("{"), SignText(""), SignText("\"x\""),
                        SignText("{\"iss\":" + new string('[', 500) + "}"), Sign(new JsonObject { ["x"] = new string('x', 3000) }), Sign(new JsonObject { ["x"] = new string('x', 30_000) }));
            }

            return Sign(claims);
        }

        private string Id => id.ToString("D");

        private string SignText(string claims, string? header = null, ECDsa? with = null)
        {
            var text = $"{Encode(header ?? """{"alg":"ES256","typ":"JWT"}""")}.{Encode(claims)}";
            return $"{text}.{Base64Url.EncodeToString((with ?? key).SignData(Encoding.UTF8.GetBytes(text), HashAlgorithmName.SHA256))}";
        }

        // The same claim twice: one reader takes the first, another the last.
        private string Twice(JsonObject claims, Forger other, int seed)
        {
            var name = Pick(seed, "iss", "sub", "aud", "exp", "iat", "jti");
            var value = Pick<JsonNode>(seed / 6, claims[name]!.DeepClone(), other.Id, 1)!.ToJsonString();
            var text = claims.ToJsonString();
            return SignText(seed / 18 % 2 == 0 ? $"{{\"{name}\":{value},{text[1..]}" : $"{text[..^1]},\"{name}\":{value}}}");
        }

        private string Hmac(JsonObject claims, int seed)
        {
            var secret = Pick(seed, key.ExportSubjectPublicKeyInfo(), Encoding.UTF8.GetBytes(key.ExportSubjectPublicKeyInfoPem()),
                Encoding.UTF8.GetBytes(Convert.ToBase64String(key.ExportSubjectPublicKeyInfo())), [], Encoding.UTF8.GetBytes(Jwk(key).ToJsonString()));
            var algorithm = Pick(seed / 5, "HS256", "HS384", "HS512", "ES256");
            var text = $"{Encode($$"""{"alg":"{{algorithm}}","typ":"JWT"}""")}.{Encode(claims.ToJsonString())}";
            var bytes = Encoding.UTF8.GetBytes(text);
            var mac = algorithm switch { "HS384" => HMACSHA384.HashData(secret, bytes), "HS512" => HMACSHA512.HashData(secret, bytes), _ => HMACSHA256.HashData(secret, bytes) };
            return $"{text}.{Base64Url.EncodeToString(mac)}";
        }

        private string Rsa(JsonObject claims, int seed)
        {
            var text = $"{Encode(seed % 2 == 0 ? """{"alg":"RS256"}""" : """{"alg":"PS256"}""")}.{Encode(claims.ToJsonString())}";
            return $"{text}.{Base64Url.EncodeToString(_rsa.SignData(Encoding.UTF8.GetBytes(text), HashAlgorithmName.SHA256, seed % 2 == 0 ? RSASignaturePadding.Pkcs1 : RSASignaturePadding.Pss))}";
        }

        private static string Unsigned(string algorithm, JsonObject claims, string signature) =>
            $"{Encode(new JsonObject { ["alg"] = algorithm == "null" ? null : algorithm, ["typ"] = "JWT" }.ToJsonString())}.{Encode(claims.ToJsonString())}.{signature}";

        private static JsonObject Jwk(ECDsa of)
        {
            var point = of.ExportParameters(includePrivateParameters: false).Q;
            return new() { ["kty"] = "EC", ["crv"] = "P-256", ["x"] = Base64Url.EncodeToString(point.X), ["y"] = Base64Url.EncodeToString(point.Y) };
        }

        private static string Encode(string text) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(text));

        private static T Pick<T>(int seed, params T[] among) => among[seed % among.Length];

        public void Dispose()
        {
            key.Dispose();
            _strange.Dispose();
            _large.Dispose();
            _rsa.Dispose();
        }
    }
}

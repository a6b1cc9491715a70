using System.Net;
using System.Net.Http.Headers;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Text.Json;
using Operone.Agent.Connection;
using Operone.Core;
using Operone.Core.Connection;
using Operone.Core.Devices;
using Operone.Core.Errors;

namespace Operone.Agent.Devices;

/// <summary>An enrolment token as it is pasted: <c>ope_SECRET</c>, or <c>ope_SECRET.PIN</c>.</summary>
/// <param name="Secret">What is sent to the server.</param>
/// <param name="Pin">The server's key, see <see cref="ServerTrust"/>, or null.</param>
internal sealed record EnrolmentToken(string Secret, string? Pin)
{
    /// <summary>Reads it.</summary>
    public static Result<EnrolmentToken> Parse(string text)
    {
        var parts = text.Trim().Split('.');
        return parts.Length <= 2 && parts[0].StartsWith("ope_", StringComparison.Ordinal) && parts[0].Length > 4 && parts[^1].Length > 0
            ? new EnrolmentToken(parts[0], parts.Length == 2 ? parts[1] : null)
            : Error.InvalidField("token", "is not an enrolment token; one begins with 'ope_' and is made in the console under Devices, or with POST /api/v1/enrollment-tokens");
    }
}

/// <summary>Takes a machine in and out: the two calls that an agent makes over REST.</summary>
internal sealed class Enrolment(IdentityStore store, StateDirectory state, TimeProvider time)
{
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(30);

    /// <summary>Enrols this machine and stores who it is.</summary>
    public async Task<Result<Identity>> EnrolAsync(Uri server, EnrolmentToken token, string? name, IReadOnlyDictionary<string, string>? labels, CancellationToken cancel)
    {
        if (store.Exists)
        {
            return new Error(
                ErrorKind.Conflict, "already-enrolled", "This machine is enrolled already.",
                $"'{state.Path}' has an identity. Run 'operone agent leave' first, or choose another folder with --state-dir.");
        }

        if (state.Create() is { Error: { } cannotCreate })
        {
            return cannotCreate;
        }

        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new EnrollRequest(
            token.Secret, name ?? DefaultName(), labels, Convert.ToBase64String(key.ExportSubjectPublicKeyInfo()));
        using var message = new HttpRequestMessage(HttpMethod.Post, new Uri(server, "api/v1/agents/enroll"))
        {
            Content = new ByteArrayContent(JsonSerializer.SerializeToUtf8Bytes(request, OperoneJson.Default.EnrollRequest))
            {
                Headers = { ContentType = new MediaTypeHeaderValue("application/json") },
            },
        };
        var answer = await SendAsync(message, token.Pin, server, cancel);
        if (answer.Error is not null)
        {
            return answer.Error;
        }

        EnrollReply? reply;
        try
        {
            reply = JsonSerializer.Deserialize(answer.Value, OperoneJson.Default.EnrollReply);
        }
        catch (JsonException)
        {
            reply = null;
        }

        if (reply is null || reply.DeviceId == Guid.Empty)
        {
            return new Error(ErrorKind.Unavailable, "not-operone", "The server's answer makes no sense.", $"Is {server} the address of an Operone server?");
        }

        var identity = new Identity(server, reply.DeviceId, reply.Name, reply.Audience, token.Pin);
        return store.Write(identity, key) is { Error: { } cannotStore } ? cannotStore : identity;
    }

    /// <summary>Tells the server that this device leaves. It is well where the server does not know the device any more.</summary>
    public async Task<Result<Unit>> LeaveAsync(Identity identity, CancellationToken cancel)
    {
        var key = store.ReadKey();
        if (key.Error is not null)
        {
            return key.Error;
        }

        using var signer = key.Value;
        using var message = new HttpRequestMessage(HttpMethod.Delete, new Uri(identity.Server, "api/v1/agents/me"));
        message.Headers.Authorization = new AuthenticationHeaderValue("Bearer", new DeviceToken(identity, signer, time).Create());
        var answer = await SendAsync(message, identity.Pin, identity.Server, cancel);
        return answer.Error is { Kind: not (ErrorKind.NotFound or ErrorKind.Unauthenticated) } problem ? problem : Unit.Value;
    }

    /// <summary>The machine's name, as far as it can be a device's.</summary>
    private static string DefaultName()
    {
        var name = new string([.. Environment.MachineName.Split('.')[0].Select(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' ? c : '-')]).Trim('-', '_');
        name = name.Length > 63 ? name[..63].Trim('-', '_') : name;
        return Labels.CheckDeviceName(name) is null ? name : "device";
    }

    private static async Task<Result<byte[]>> SendAsync(HttpRequestMessage message, string? pin, Uri server, CancellationToken cancel)
    {
        using var handler = new SocketsHttpHandler { AllowAutoRedirect = false };
        handler.SslOptions.RemoteCertificateValidationCallback = ServerTrust.For(pin);
        using var http = new HttpClient(handler) { Timeout = _patience };
        try
        {
            using var response = await http.SendAsync(message, cancel);
            var body = await response.Content.ReadAsByteArrayAsync(cancel);
            return response.IsSuccessStatusCode ? body : Problem(response.StatusCode, body, server);
        }
        catch (HttpRequestException problem)
        {
            return Unreachable(server, pin, problem);
        }
        catch (TaskCanceledException) when (!cancel.IsCancellationRequested)
        {
            return new Error(ErrorKind.Unavailable, "server-unreachable", "The server does not answer.", $"{server} did not answer within {_patience.TotalSeconds} seconds. Check the address, and try again.");
        }
    }

    private static Error Unreachable(Uri server, string? pin, HttpRequestException problem)
    {
        if (problem.InnerException is AuthenticationException)
        {
            return new Error(ErrorKind.Unauthenticated, "server-not-trusted", "The server is not trusted.", pin is null
                ? $"The certificate of {server} is not trusted by this system ({problem.InnerException.Message}). Install its issuer's certificate here, or use an enrolment token that carries the server's key."
                : $"The key that {server} shows is not the one in the enrolment token. Make a new token on that server; if its key has not changed, somebody is in between.");
        }

        return new Error(ErrorKind.Unavailable, "server-unreachable", "The server cannot be reached.", $"{server}: {problem.Message} Check the address, and that the server runs.");
    }

    private static Error Problem(HttpStatusCode status, byte[] body, Uri server)
    {
        var kind = status switch
        {
            HttpStatusCode.Unauthorized => ErrorKind.Unauthenticated,
            HttpStatusCode.Forbidden => ErrorKind.Forbidden,
            HttpStatusCode.NotFound => ErrorKind.NotFound,
            HttpStatusCode.Conflict => ErrorKind.Conflict,
            HttpStatusCode.BadRequest or HttpStatusCode.UnprocessableEntity => ErrorKind.Invalid,
            _ => ErrorKind.Unavailable,
        };
        ProblemView? problem = null;
        try
        {
            problem = JsonSerializer.Deserialize(body, OperoneJson.Default.ProblemView);
        }
        catch (JsonException)
        {
            // not Operone, or a proxy in front of it; said below
        }

        return problem?.Title is null
            ? new Error(kind, "server-refused", "The server refused.", $"{server} answered {(int)status} ({status}). Is this the address of an Operone server?")
            : new Error(kind, problem.Type?.Split('/')[^1] ?? "server-refused", problem.Title, problem.Detail ?? "") { Fields = problem.Errors };
    }
}

using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Operone.Core.Files;
using Operone.Disk;
using Operone.Web.Files.Mounts.Remote;
using Renci.SshNet;
using Renci.SshNet.Common;
using ConnectionInfo = Renci.SshNet.ConnectionInfo;

namespace Operone.Web.Files.Mounts.Sftp;

/// <summary>To where SFTP connections go, and as whom.</summary>
internal sealed record SftpTarget(string Host, int Port, string User, TreePath Folder, string? HostKey);

/// <summary>
/// Connections of one mount to its server, kept open for a while: signing in costs more than most calls. The server's key is held against the
/// fingerprint that the mount names before anything is sent that is secret.
/// </summary>
internal sealed class SftpPool(SftpTarget target, MountSecrets secrets, TimeProvider time) : IDisposable
{
    private const int MaxKept = 4;
    private const int MaxOpen = 16;
    private static readonly TimeSpan Keep = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);
    private static readonly NameEncoding Names = new();

    private readonly ConcurrentStack<SftpSeat> _kept = new();
    private readonly SemaphoreSlim _open = new(MaxOpen, MaxOpen);
    private bool _isOver;

    /// <summary>The fingerprint of the key that the server showed last.</summary>
    public string? SeenKey { get; private set; }

    /// <summary>A connection for one call.</summary>
    public async Task<SftpSeat> TakeAsync(CancellationToken cancellationToken)
    {
        if (!await _open.WaitAsync(Patience, cancellationToken))
        {
            throw RemoteFault.Away($"{MaxOpen} connections to '{target.Host}' are in use, and none became free.");
        }

        try
        {
            while (_kept.TryPop(out var kept))
            {
                if (kept.Client.IsConnected && time.GetElapsedTime(kept.IdleSince) < Keep)
                {
                    return kept;
                }

                kept.Client.Dispose();
            }

            return await ConnectAsync(cancellationToken);
        }
        catch
        {
            _open.Release();
            throw;
        }
    }

    /// <summary>Gives one back; one that is broken, or was left in the middle of something, is closed.</summary>
    public void Return(SftpSeat seat, bool isGood)
    {
        seat.IdleSince = time.GetTimestamp();
        if (isGood && !_isOver && seat.Client.IsConnected && _kept.Count < MaxKept)
        {
            _kept.Push(seat);
        }
        else
        {
            // saying good-bye to a server that is gone takes its time
            _ = Task.Run(seat.Client.Dispose);
        }

        _open.Release();
    }

    /// <summary>Closes those that nobody has used for a while.</summary>
    public void Tidy()
    {
        if (_kept.TryPeek(out var last) && time.GetElapsedTime(last.IdleSince) >= Keep)
        {
            Close();
        }
    }

    public void Dispose()
    {
        _isOver = true;
        Close();
    }

    private void Close()
    {
        while (_kept.TryPop(out var kept))
        {
            kept.Client.Dispose();
        }
    }

    private async Task<SftpSeat> ConnectAsync(CancellationToken cancellationToken)
    {
        if (target.HostKey is null)
        {
            // only to say which key it shows; no secret is sent
            SeenKey = await LookAsync(cancellationToken) ?? SeenKey;
            throw RemoteFault.Away(SeenKey is null
                ? $"'{target.Host}' showed no key."
                : $"the key of '{target.Host}' is not known. It shows {SeenKey}: hold that against what its administrator says, and set it as the mount's host key.");
        }

        var address = await AddressAsync(cancellationToken);
        SftpClient? client = null;
        string? shown = null;
        try
        {
            client = new SftpClient(Info(address, Methods())) { OperationTimeout = TimeSpan.FromMinutes(2), KeepAliveInterval = TimeSpan.FromSeconds(20) };
            client.HostKeyReceived += (_, key) =>
            {
                shown = $"SHA256:{key.FingerPrintSHA256}";
                key.CanTrust = shown == target.HostKey;
            };
            await client.ConnectAsync(cancellationToken);
            var root = await client.GetAsync(SftpPaths.Write(target.Folder), cancellationToken);
            var seat = new SftpSeat(client, SftpPaths.Read(root.FullName) ?? throw new FileFault(FileProblems.Failed, $"'{target.Folder}' has no path on '{target.Host}'."));
            SeenKey = shown;
            return root.IsDirectory ? seat : throw new FileFault(FileProblems.WrongKind, $"'{target.Folder}' on '{target.Host}' is no folder.");
        }
        catch (Exception problem)
        {
            SeenKey = shown ?? SeenKey;
            client?.Dispose();
            if (shown is not null && shown != target.HostKey)
            {
                throw RemoteFault.Away(
                    $"the key of '{target.Host}' is not the one that is known: it shows {shown}, and {target.HostKey} is expected. Nothing was sent. "
                    + "Either the server was set up anew, or somebody stands in between: ask its administrator before you change the mount.");
            }

            throw Explain(problem) ?? problem;
        }
    }

    /// <summary>The fingerprint of the key that the server shows, without signing in.</summary>
    private async Task<string?> LookAsync(CancellationToken cancellationToken)
    {
        var address = await AddressAsync(cancellationToken);
        string? shown = null;
        using var client = new SftpClient(Info(address, [new NoneAuthenticationMethod(target.User)]));
        client.HostKeyReceived += (_, key) =>
        {
            shown = $"SHA256:{key.FingerPrintSHA256}";
            key.CanTrust = false;
        };
        try
        {
            await client.ConnectAsync(cancellationToken);
        }
        catch (Exception problem) when (shown is not null && problem is not OperationCanceledException)
        {
            // that was all that was asked
        }
        catch (Exception problem) when (Explain(problem) is not null)
        {
            throw Explain(problem)!;
        }

        return shown;
    }

    /// <summary>The address to connect to: what was looked at, so that the name is not asked for once more. Of several the first that answers.</summary>
    private async Task<IPAddress> AddressAsync(CancellationToken cancellationToken)
    {
        var addresses = await HostGuard.RequireAsync(target.Host, cancellationToken);
        foreach (var address in addresses[..^1])
        {
            using var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            patience.CancelAfter(Patience);
            try
            {
                await socket.ConnectAsync(address, target.Port, patience.Token);
                return address;
            }
            catch (Exception problem) when (problem is SocketException or OperationCanceledException && !cancellationToken.IsCancellationRequested)
            {
                // the next may; of the last it is said why not
            }
        }

        return addresses[^1];
    }

    private ConnectionInfo Info(IPAddress address, AuthenticationMethod[] methods) =>
        new(address.ToString(), target.Port, target.User, methods) { Timeout = Patience, Encoding = Names, RetryAttempts = 1 };

    private AuthenticationMethod[] Methods()
    {
        var methods = new List<AuthenticationMethod>();
        if (secrets.PrivateKey is { } text)
        {
            using var stream = new MemoryStream(Encoding.UTF8.GetBytes(text.ReplaceLineEndings("\n").TrimEnd('\n') + "\n"));
            methods.Add(new PrivateKeyAuthenticationMethod(target.User, secrets.Passphrase is { } phrase ? new PrivateKeyFile(stream, phrase) : new PrivateKeyFile(stream)));
        }

        if (secrets.Password is { } password)
        {
            methods.Add(new PasswordAuthenticationMethod(target.User, password));
            var asked = new KeyboardInteractiveAuthenticationMethod(target.User);
            asked.AuthenticationPrompt += (_, prompts) =>
            {
                foreach (var prompt in prompts.Prompts.Where(p => !p.IsEchoed))
                {
                    prompt.Response = password;
                }
            };
            methods.Add(asked);
        }

        return methods.Count > 0 ? [.. methods] : [new NoneAuthenticationMethod(target.User)];
    }

    /// <summary>What went wrong, for people; null for a bug. It never has a secret in it: SSH.NET's own words have none.</summary>
    private RemoteFault? Explain(Exception problem) => problem switch
    {
        RemoteFault fault => fault,
        SshAuthenticationException => RemoteFault.Away($"'{target.Host}' does not let '{target.User}' sign in with what the mount has: {problem.Message}"),
        SshPassPhraseNullOrEmptyException => RemoteFault.Away("the private key is encrypted, and the mount has no passphrase for it."),
        SftpPathNotFoundException => RemoteFault.Away($"there is no folder '{target.Folder}' on '{target.Host}'."),
        SshException or SocketException or InvalidOperationException or ObjectDisposedException or IOException or TimeoutException =>
            RemoteFault.Away($"'{target.Host}' port {target.Port}: {problem.Message}"),
        _ => null,
    };
}

/// <summary>A connection, and the folder of the mount as the server has it, links resolved.</summary>
internal sealed class SftpSeat(SftpClient client, TreePath root)
{
    public SftpClient Client => client;

    public TreePath Root => root;

    public long IdleSince { get; set; }
}

/// <summary>Paths as an SFTP server has them.</summary>
internal static class SftpPaths
{
    public static string Write(TreePath path) => "/" + string.Join('/', path.Names);

    /// <summary>A path from the server; null where it is none that the tree can have.</summary>
    public static TreePath? Read(string path) =>
        path.StartsWith('/') && TreePath.FromNames(path.Split('/', StringSplitOptions.RemoveEmptyEntries)) is { IsError: false } read ? read.Value : null;
}

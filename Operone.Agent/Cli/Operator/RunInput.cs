using System.Text;
using Operone.Core;
using Operone.Core.Connection;
using Operone.Core.Devices;
using Operone.Core.Errors;
using Operone.Core.Shell;

namespace Operone.Agent.Cli.Operator;

/// <summary>What goes into a run from here: a script's text, and standard input.</summary>
internal sealed class RunInput(CliContext cli, OperoneApi api)
{
    private static readonly TimeSpan SilenceBeforeHint = TimeSpan.FromSeconds(3);

    /// <summary>The request with its script and its standard input.</summary>
    public async Task<Result<CreateRun>> CompleteAsync(RunSettings settings, CancellationToken cancellationToken)
    {
        var request = settings.Request;
        if (settings.ScriptFile is not null)
        {
            var script = await ReadScriptAsync(settings.ScriptFile, cancellationToken);
            if (script.Error is { } unreadable)
            {
                return unreadable;
            }

            request = request with { Script = script.Value };
        }

        if (RunLimits.Check(request) is { } invalid)
        {
            return invalid;
        }

        return settings.PassInput && cli.InputHoldsData && settings.ScriptFile != "-"
            ? await AddInputAsync(request, cancellationToken)
            : request;
    }

    private async Task<Result<CreateRun>> AddInputAsync(CreateRun request, CancellationToken cancellationToken)
    {
        var only = await FindOnlyDeviceAsync(request.Target!, cancellationToken);
        if (only.Error is { } unknown)
        {
            return unknown;
        }

        if (only.Value is not { } device)
        {
            return request;
        }

        var input = await ReadInputAsync(RunLimits.MaxStdinBytes, "standard input", cancellationToken);
        if (input.Error is { } error)
        {
            return error;
        }

        // what was read is for this device, whoever else may match by now
        return input.Value.Length == 0 ? request
            : request with { StdinBase64 = Convert.ToBase64String(input.Value), Target = new RunTarget([device]) };
    }

    private async Task<Result<string?>> FindOnlyDeviceAsync(RunTarget target, CancellationToken cancellationToken)
    {
        if (!target.All && target.Selector is null)
        {
            return target.Devices is [var only] ? only : (string?)null;
        }

        if (target.Devices is not null)
        {
            return (string?)null;
        }

        var path = "devices" + Shared.Query(("selector", target.All ? null : target.Selector), ("limit", "2"));
        var page = await api.GetAsync(path, OperoneJson.Default.PageDeviceView, cancellationToken);
        return page.Error is { } error ? error : page.Value.Items is [var device] ? device.Id.ToString() : (string?)null;
    }

    private async Task<Result<string>> ReadScriptAsync(string file, CancellationToken cancellationToken)
    {
        byte[] bytes;
        if (file == "-")
        {
            var input = await ReadInputAsync(RunLimits.MaxScriptBytes, "the script", cancellationToken);
            if (input.Error is { } error)
            {
                return error;
            }

            bytes = input.Value;
        }
        else
        {
            try
            {
                await using var stream = File.OpenRead(file);
                var read = await ReadUpToAsync(stream, RunLimits.MaxScriptBytes, cancellationToken);
                if (read is null)
                {
                    return TooLong("the script", RunLimits.MaxScriptBytes);
                }

                bytes = read;
            }
            catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
            {
                return new Error(ErrorKind.NotFound, "script-not-found", "The script cannot be read.", $"There is no file '{file}'.");
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                return new Error(ErrorKind.Forbidden, "script-unreadable", "The script cannot be read.",
                    $"'{file}' cannot be opened: {(e is UnauthorizedAccessException ? "it is a folder, or permission is denied." : e.Message)}");
            }
        }

        try
        {
            var text = new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(bytes);
            return text.TrimStart('\uFEFF');
        }
        catch (DecoderFallbackException)
        {
            return new Error(ErrorKind.Invalid, "script-not-text", "The script cannot be read.", "It is not text in UTF-8.");
        }
    }

    private async Task<Result<byte[]>> ReadInputAsync(int limit, string what, CancellationToken cancellationToken)
    {
        await using var stream = cli.OpenInput();

        // a console stream cannot be read asynchronously
        var reading = Task.Run(() => ReadUpToAsync(stream, limit, cancellationToken), cancellationToken);
        using var answered = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        if (await Task.WhenAny(reading, Task.Delay(SilenceBeforeHint, cli.Time, answered.Token)) != reading)
        {
            cli.Say($"reading {what} ... (-n runs the command without)");
        }

        await answered.CancelAsync();
        return await reading is { } bytes ? bytes : TooLong(what, limit);
    }

    private static async Task<byte[]?> ReadUpToAsync(Stream stream, int limit, CancellationToken cancellationToken)
    {
        using var all = new MemoryStream();
        var buffer = new byte[64 * 1024];
        int read;
        while ((read = await stream.ReadAsync(buffer, cancellationToken)) > 0)
        {
            if (all.Length + read > limit)
            {
                return null;
            }

            all.Write(buffer, 0, read);
        }

        return all.ToArray();
    }

    private static Error TooLong(string what, int limit) =>
        new(ErrorKind.Invalid, "input-too-long", "The run was not made.",
            $"{char.ToUpperInvariant(what[0])}{what[1..]} is longer than {Quantities.FormatSize(limit)}, which is all that a run can take.");
}

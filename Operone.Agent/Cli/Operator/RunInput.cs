using System.Text;
using Operone.Core;
using Operone.Core.Connection;
using Operone.Core.Devices;
using Operone.Core.Errors;
using Operone.Core.Shell;

namespace Operone.Agent.Cli.Operator;

/// <summary>A run that is ready to be made.</summary>
/// <param name="Request">The request.</param>
/// <param name="Input">What is streamed into it; null for nothing.</param>
internal sealed record CompleteRun(CreateRun Request, StreamedInput? Input = null);

/// <summary>Standard input that is streamed: what was read of it already, and the rest.</summary>
/// <param name="Head">The beginning.</param>
/// <param name="Rest">What comes after it.</param>
internal sealed record StreamedInput(byte[] Head, Stream Rest);

/// <summary>What goes into a run from here: a script's text, and standard input.</summary>
internal sealed class RunInput(CliContext cli, OperoneApi api)
{
    private static readonly TimeSpan SilenceBeforeHint = TimeSpan.FromSeconds(3);

    /// <summary>The longest standard input that goes with the request itself.</summary>
    private const int MaxWholeBytes = 64 * 1024;

    /// <summary>The request with its script and its standard input.</summary>
    public async Task<Result<CompleteRun>> CompleteAsync(RunSettings settings, CancellationToken cancellationToken)
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
            ? await AddInputAsync(request, settings, cancellationToken)
            : new CompleteRun(settings.Stream ? request with { Stdout = StreamLimits.Word } : request);
    }

    private async Task<Result<CompleteRun>> AddInputAsync(CreateRun request, RunSettings settings, CancellationToken cancellationToken)
    {
        var only = await FindOnlyDeviceAsync(request.Target!, cancellationToken);
        if (only.Error is { } unknown)
        {
            return unknown;
        }

        if (only.Value is not { } device)
        {
            return new CompleteRun(settings.Stream ? request with { Stdout = StreamLimits.Word } : request);
        }

        // what is read is for this device, whoever else may match by now
        var aimed = request with { Target = new RunTarget([device]) };
        if (settings.Detach)
        {
            var input = await ReadInputAsync(RunLimits.MaxStdinBytes, "standard input", cancellationToken);
            return input.Error is { } error ? error
                : new CompleteRun(input.Value.Length == 0 ? request : aimed with { StdinBase64 = Convert.ToBase64String(input.Value) });
        }

        var stream = cli.OpenInput();
        var streamed = settings.Stream || (!settings.Json && !cli.OutputIsTerminal) ? StreamLimits.Word : null;
        if (settings.Stream)
        {
            return new CompleteRun(aimed with { Stdin = StreamLimits.Word, Stdout = streamed }, new StreamedInput([], stream));
        }

        var (head, isAll) = await HintingAsync(Task.Run(() => ReadHeadAsync(stream, cancellationToken), cancellationToken), "standard input", cancellationToken);
        if (!isAll)
        {
            return new CompleteRun(aimed with { Stdin = StreamLimits.Word, Stdout = streamed }, new StreamedInput(head, stream));
        }

        await stream.DisposeAsync();
        return new CompleteRun(head.Length == 0 ? request : aimed with { StdinBase64 = Convert.ToBase64String(head) });
    }

    private static async Task<(byte[] Head, bool IsAll)> ReadHeadAsync(Stream stream, CancellationToken cancellationToken)
    {
        var (buffer, have) = (new byte[MaxWholeBytes + 1], 0);
        int count;
        while (have < buffer.Length && (count = await stream.ReadAsync(buffer.AsMemory(have), cancellationToken)) > 0)
        {
            have += count;
        }

        return (buffer[..have], have <= MaxWholeBytes);
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
        return await HintingAsync(reading, what, cancellationToken) is { } bytes ? bytes : TooLong(what, limit);
    }

    /// <summary>Waits for a reading; where it takes long, says what is waited for.</summary>
    private async Task<T> HintingAsync<T>(Task<T> reading, string what, CancellationToken cancellationToken)
    {
        using var answered = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        if (await Task.WhenAny(reading, Task.Delay(SilenceBeforeHint, cli.Time, answered.Token)) != reading)
        {
            cli.Say($"reading {what} ... (-n runs the command without)");
        }

        await answered.CancelAsync();
        return await reading;
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

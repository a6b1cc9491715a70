using Operone.Core.Errors;

namespace Operone.Agent.Cli.Operator;

/// <summary>Writes what the server sends to standard output, or to a file that is there only once it is whole.</summary>
internal static class Download
{
    /// <summary>Does it, and gives the exit code.</summary>
    public static async Task<int> SaveAsync(CliContext cli, OperoneApi api, string path, string? file, CancellationToken cancellationToken)
    {
        var opened = await api.OpenAsync(path, null, cancellationToken);
        if (opened.Error is { } error)
        {
            return cli.Fail(error);
        }

        using var response = opened.Value;
        var part = file + ".part";
        try
        {
            if (file is null)
            {
                await response.Content.CopyToAsync(cli.Output, cancellationToken);
                return 0;
            }

            await using (var target = new FileStream(part, NewPrivateFile()))
            {
                await response.Content.CopyToAsync(target, cancellationToken);
            }

            File.Move(part, file, overwrite: true);
            return 0;
        }
        catch (Exception e) when (file is not null && e is UnauthorizedAccessException or DirectoryNotFoundException)
        {
            return cli.Fail(new(ErrorKind.Unprocessable, "file-not-writable", $"'{file}' cannot be written.", e.Message));
        }
        catch (Exception e) when (api.Explain(e, cancellationToken) is not null)
        {
            if (file is not null && File.Exists(part))
            {
                File.Delete(part);
            }

            return cli.Fail(api.Explain(e, cancellationToken)!);
        }
    }

    private static FileStreamOptions NewPrivateFile()
    {
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        return options;
    }
}

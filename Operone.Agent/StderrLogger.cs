using System.Globalization;
using Microsoft.Extensions.Logging;

namespace Operone.Agent;

/// <summary>Writes the log to standard error, a line each; whoever runs the agent (systemd, a terminal) keeps it.</summary>
internal sealed class StderrLoggerFactory(LogLevel level, TimeProvider time) : ILoggerFactory
{
    /// <inheritdoc/>
    public ILogger CreateLogger(string categoryName)
    {
        // the libraries' own lines tell of every ping that is late; what matters of them our own lines tell
        var isOurs = categoryName.StartsWith("Operone", StringComparison.Ordinal);
        var name = categoryName[(categoryName.LastIndexOf('.') + 1)..];
        return new Logger(name, isOurs || level < LogLevel.Information ? level : LogLevel.None, time);
    }

    /// <inheritdoc/>
    public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException("There is one place to log to.");

    /// <inheritdoc/>
    public void Dispose()
    {
        // nothing is held
    }

    private sealed class Logger(string name, LogLevel level, TimeProvider time) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= level && level != LogLevel.None;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (!IsEnabled(logLevel))
            {
                return;
            }

            var line = string.Create(
                CultureInfo.InvariantCulture,
                $"{time.GetUtcNow():yyyy-MM-ddTHH:mm:ss.fffZ} {logLevel.ToString().ToLowerInvariant()} {name}: {formatter(state, exception)}{(exception is null ? "" : $" {exception}")}\n");
            try
            {
                Console.Error.Write(line);
            }
            catch (IOException)
            {
                // whoever read the log is gone; the agent goes on
            }
        }
    }
}

using Microsoft.AspNetCore.Components;

namespace Operone.Web.Console.Frame;

/// <summary>What stands in a page's place when its code failed.</summary>
public sealed partial class Failure(ILogger<Failure> logger)
{
    private readonly string _id = Guid.CreateVersion7().ToString("N")[..20];

    [Parameter, EditorRequired]
    public Exception Exception { get; set; } = default!;

    [Parameter]
    public EventCallback Retry { get; set; }

    protected override void OnInitialized() => Log.PageFailed(logger, Exception, _id);

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Error, Message = "A page failed; the person was shown the id {FailureId}")]
        public static partial void PageFailed(ILogger logger, Exception exception, string failureId);
    }
}

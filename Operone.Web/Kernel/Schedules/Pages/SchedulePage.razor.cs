using System.Globalization;
using Microsoft.AspNetCore.Components;
using MudBlazor;
using Operone.Core.Access;
using Operone.Core.Errors;
using Operone.Core.Kernel.Schedules;
using Operone.Web.Console.Parts;
using Operone.Web.Events;
using Operone.Web.Kernel.Jobs;

namespace Operone.Web.Kernel.Schedules.Pages;

/// <summary>One schedule: when it fires, what it starts, and when it fired. Also where a new one is made.</summary>
public sealed partial class SchedulePage
{
    private readonly List<string> _jobs = [];
    private ScheduleForm _form = new();
    private ScheduleView? _schedule;
    private Guid? _filled;
    private Error? _error;
    private Error? _unclear;
    private string? _hook;
    private IReadOnlyList<DateTimeOffset> _following = [];
    private bool _isBusy;

    [Inject]
    private ScheduleService Service { get; set; } = default!;

    [Inject]
    private JobService Jobs { get; set; } = default!;

    [Inject]
    private IDialogService DialogService { get; set; } = default!;

    [Inject]
    private ISnackbar Snackbar { get; set; } = default!;

    [Inject]
    private NavigationManager Navigation { get; set; } = default!;

    /// <summary>Null for a new one.</summary>
    [Parameter]
    public Guid? Id { get; set; }

    /// <summary>The job of a new one.</summary>
    [SupplyParameterFromQuery]
    public string? Job { get; set; }

    private bool MaySave => Actor.Lacks(Permissions.JobsManage) is null;

    protected override IReadOnlyList<string> Topics() => [LiveChanges.Schedules, LiveChanges.ScheduleList];

    protected override async Task ReadAsync(CancellationToken cancellationToken)
    {
        if (_jobs.Count == 0 && (await Jobs.ListAsync(Actor, null, 200, null, cancellationToken)) is { IsError: false } jobs)
        {
            _jobs.AddRange(jobs.Value.Items.Select(j => j.Name));
        }

        if (Id is not { } id)
        {
            Problem = Actor.Lacks(Permissions.JobsManage);
            if (_filled is null)
            {
                (_filled, _form.Job) = (Guid.Empty, Job ?? "");
                await PreviewAsync();
            }

            return;
        }

        var schedule = await Service.GetAsync(Actor, id.ToString(), cancellationToken);
        (Problem, _schedule) = schedule.Match<(Error?, ScheduleView?)>(s => (null, s), e => (e, null));

        // Only once: what is being typed stays.
        if (_schedule is not null && _filled != id)
        {
            (_filled, _form) = (id, ScheduleForm.From(_schedule.Definition));
            await PreviewAsync();
        }
    }

    private string[]? Wrong(string field) => _unclear?.Fields?.GetValueOrDefault(field) ?? _error?.Fields?.GetValueOrDefault(field);

    /// <summary>Shows the next times of what is typed, or what is wrong with it.</summary>
    private Task PreviewAsync()
    {
        (_following, _unclear) = ([], null);
        if (_form.Read() is { IsError: false, Value: { On: null } typed })
        {
            var preview = Service.Preview(Actor, typed);
            (_following, _unclear) = preview.Match<(IReadOnlyList<DateTimeOffset>, Error?)>(p => (p.Following, null), e => ([], e));
        }

        return Task.CompletedTask;
    }

    private string InZone(DateTimeOffset at) =>
        TimeZoneInfo.ConvertTime(at, TimeZoneInfo.TryFindSystemTimeZoneById(_form.TimeZone, out var zone) ? zone : TimeZoneInfo.Utc)
            .ToString("ddd yyyy-MM-dd HH:mm:ss zzz", CultureInfo.InvariantCulture);

    private Task SaveAsync() => DoAsync(async () =>
    {
        var typed = _form.Read();
        if ((_error = typed.Error) is not null)
        {
            return;
        }

        var saved = Id is { } id
            ? await Service.ReplaceAsync(Actor, id.ToString(), typed.Value, CancellationToken.None)
            : await Service.CreateAsync(Actor, typed.Value, CancellationToken.None);
        _error = saved.Error;
        if (_error is null)
        {
            Snackbar.Add(Id is null ? $"Made '{typed.Value.Name}'." : "Saved.", Severity.Success);
            _hook = Address(saved.Value);
            (_schedule, _filled) = (saved.Value.Schedule, saved.Value.Schedule.Id);
            Navigation.NavigateTo($"schedules/{saved.Value.Schedule.Id}", replace: true);
        }
    });

    private Task FireAsync() => DoAsync(async () =>
    {
        var fired = await Service.FireAsync(Actor, Id!.Value.ToString(), CancellationToken.None);
        _error = fired.Error;
        if (_error is null)
        {
            Snackbar.Add(fired.Value.Problem is { } problem ? $"Not started: {problem}" : "The job was started.", fired.Value.Problem is null ? Severity.Success : Severity.Warning);
        }
    });

    private Task TurnAsync() => DoAsync(async () =>
    {
        var turned = await Service.TurnAsync(Actor, Id!.Value.ToString(), on: _schedule!.Definition.Enabled == false, CancellationToken.None);
        _error = turned.Error;
        if (_error is null)
        {
            _schedule = turned.Value;
            _form.Enabled = turned.Value.Definition.Enabled != false;
        }
    });

    private async Task RenewAsync()
    {
        if (await DialogService.ConfirmAsync("Give it a new address?", "Whoever posts to the old one fires nothing any more.", "New address"))
        {
            await DoAsync(async () =>
            {
                var saved = await Service.RenewHookAsync(Actor, Id!.Value.ToString(), CancellationToken.None);
                _error = saved.Error;
                _hook = saved.IsError ? null : Address(saved.Value);
            });
        }
    }

    private async Task RemoveAsync()
    {
        var name = _schedule!.Definition.Name;
        if (await DialogService.ConfirmAsync($"Remove {name}?", "It fires no more, and when it fired is forgotten. What it has started goes on.", $"Remove {name}"))
        {
            _error = (await Service.RemoveAsync(Actor, Id!.Value.ToString(), CancellationToken.None)).Error;
            if (_error is null)
            {
                Snackbar.Add($"Removed {name}.", Severity.Success);
                Navigation.NavigateTo("schedules");
            }
        }
    }

    private string? Address(SavedSchedule saved) => saved.WebhookPath is { } path ? new Uri(new Uri(Navigation.BaseUri), path.TrimStart('/')).ToString() : null;

    private async Task DoAsync(Func<Task> act)
    {
        _isBusy = true;
        try
        {
            await act();
        }
        finally
        {
            _isBusy = false;
        }
    }
}

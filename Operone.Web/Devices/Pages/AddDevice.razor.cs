using Microsoft.AspNetCore.Components;
using MudBlazor;
using Operone.Core.Devices;
using Operone.Core.Errors;
using Operone.Web.Access;
using Operone.Web.Hosting;

namespace Operone.Web.Devices.Pages;

/// <summary>Makes an enrolment token, and shows once what to paste on the device.</summary>
public sealed partial class AddDevice
{
    private string _name = "New device";
    private string _labels = "";
    private int _uses = 1;
    private long _seconds = 3600;
    private EnrollmentTokenView? _made;
    private Error? _error;

    [CascadingParameter]
    private IMudDialogInstance Dialog { get; set; } = default!;

    [Inject]
    private EnrollmentTokenService Service { get; set; } = default!;

    [Inject]
    private StepUpPrompt StepUp { get; set; } = default!;

    [Inject]
    private PublicAddress Address { get; set; } = default!;

    [Inject]
    private NavigationManager Navigation { get; set; } = default!;

    private string[]? Wrong(string field) => _error?.Fields?.GetValueOrDefault(field);

    private async Task SubmitAsync()
    {
        var labels = LabelText.Parse(_labels);
        if (labels.IsError)
        {
            _error = labels.Error;
            return;
        }

        var made = await StepUp.ActAsync(() => Service.CreateAsync(
            Actor, new CreateEnrollmentToken(_name, labels.Value, _uses, _seconds), Address.For(Navigation.BaseUri), CancellationToken.None));
        (_made, _error) = made.Match<(EnrollmentTokenView?, Error?)>(m => (m, null), e => (null, e));
    }
}

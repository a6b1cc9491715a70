using System.Text;
using System.Text.Json;
using Operone.Core.Errors;
using Operone.Core.Kernel.Alerts;
using Operone.Core.Kernel.Schedules;
using Operone.Web.Kernel.Alerts;
using Operone.Web.Kernel.Jobs.Documents;
using Operone.Web.Kernel.Schedules.Windows;
using Xunit;

namespace Operone.Tests.Web.Kernel.Documents;

/// <summary>Files with several: alert rules and maintenance windows as somebody writes them.</summary>
public sealed class SeveralDocumentTests
{
    [Fact]
    public void Rules_InYamlOrJson_OneOrAList_SayTheSame()
    {
        var list = AlertRuleDocument.Read(
            """
            # what must not be
            - name: disk-full
              severity: critical
              selector: env=prod
              telemetry: {metric: disk, over: 90.5}
              for: 5m
            - name: audit
              events: [audit.broken, device.*]
              enabled: false
            """).Value;
        Assert.Equal(["disk-full", "audit"], list.Select(r => r.Name));
        Assert.Equal((AlertSeverity.Critical, AlertMetric.Disk, 90.5, "5m"), (list[0].Severity, list[0].Telemetry!.Metric, list[0].Telemetry!.Over, list[0].For));
        Assert.Equal((AlertSeverity.Warning, false), (list[1].Severity, list[1].Enabled));
        Assert.Equal(["audit.broken", "device.*"], list[1].Events!);

        var alone = Assert.Single(AlertRuleDocument.Read("name: away\noffline: true\nfor: 10m\n").Value);
        Assert.True(alone.Offline);
        Assert.Single(AlertRuleDocument.Read("[\n\t{\"name\": \"away\", \"description\": null, \"telemetry\": null, \"offline\": true, \"events\": null}\n]").Value);
        Assert.Single(AlertRuleDocument.Read("{\"name\": \"away\", \"offline\": true}").Value);
    }

    [Theory]
    [InlineData("- name: a\n  offline: true\n- name: b\n  offlin: true\n", "[1].offlin", "line 4, column 3: there is no field 'offlin'")]
    [InlineData("- name: a\n  offline: true\n- name: b\n", "[1].telemetry", "line 3, column 3: give exactly one of")]
    [InlineData("- name: a\n  offline: true\n- name: A\n  offline: true\n", "[1].name", "line 3, column 3: 'A' is there twice")]
    [InlineData("name: a\ntelemetry: {metric: cpus, over: 1}\n", "telemetry.metric", "line 2, column 21: must be one of cpu, memory")]
    [InlineData("name: a\nfor: soon\noffline: true\n", "for", "line 2, column 1: is a duration")]
    [InlineData("- a\n", "[0]", "line 1, column 3: must be fields")]
    [InlineData("- {name: a, offline: true}\n- ~\n", "[1]", "line 2, column 3: must be fields")]
    [InlineData("[]", "document", "there is nothing in it")]
    [InlineData("", "document", "there is nothing in it")]
    [InlineData("a: &a [1]\nb: *a\n", "document", "is an anchor")]
    [InlineData("- name: a\n  offline: true\n---\n- name: b\n", "document", "more than one document")]
    public void Rules_ThatAreWrong_AreSaidByTheirPlace(string text, string place, string message)
    {
        var fields = AlertRuleDocument.Read(text).Error!.Fields!;
        Assert.Contains(fields, f => f.Key == place && f.Value.Any(m => m.Contains(message, StringComparison.Ordinal)));
    }

    [Fact]
    public void Rules_ThatAreTooMuch_AreRefusedInShortTime()
    {
        var bomb = "- &a [x, x]\n" + string.Concat(Enumerable.Range(0, 30).Select(i => $"- &b{i} [*a, *a]\n"));
        Assert.Equal(ErrorKind.Invalid, AlertRuleDocument.Read(bomb).Error!.Kind);
        Assert.Equal(ErrorKind.Invalid, AlertRuleDocument.Read(new string('[', 50_000)).Error!.Kind);
        Assert.Equal(ErrorKind.Invalid, AlertRuleDocument.Read(new string('-', 1) + string.Concat(Enumerable.Repeat(" -", 50_000))).Error!.Kind);
        var many = new StringBuilder();
        for (var i = 0; i <= AlertRules.Most; i++)
        {
            many.Append("- {name: r").Append(i).Append(", offline: true}\n");
        }

        Assert.Contains(AlertRuleDocument.Read(many.ToString()).Error!.Fields!, f => f.Value[0].Contains("more than 500", StringComparison.Ordinal));
    }

    [Fact]
    public void Windows_HaveTimes_AndSayWhichAreNone()
    {
        var windows = MaintenanceWindowDocument.Read(
            """
            - {name: nights, selector: role=web, calendar: every weekday at 22:00, timeZone: Europe/Berlin, duration: 6h}
            - {name: sale, mode: never, at: 2026-11-27T00:00:00+01:00, duration: 3d}
            """).Value;
        Assert.Equal((WindowMode.Only, "Europe/Berlin"), (windows[0].Mode, windows[0].TimeZone));
        Assert.Equal((WindowMode.Never, new DateTimeOffset(2026, 11, 26, 23, 0, 0, TimeSpan.Zero)), (windows[1].Mode, windows[1].At!.Value.ToUniversalTime()));
        var wrong = MaintenanceWindowDocument.Read("name: a\nat: tomorrow\nduration: 1h\n").Error!.Fields!;
        Assert.Equal("line 2, column 5: must be a time such as 2026-12-24T18:00:00+01:00", Assert.Single(wrong["at"]));
        Assert.Contains("line 1", Assert.Single(MaintenanceWindowDocument.Read("name: a\ncron: 0 3 * * *\n").Error!.Fields!["duration"]), StringComparison.Ordinal);
    }

    [Fact]
    public void Shapes_AndModels_HaveTheSameFields()
    {
        Assert.Equal(FieldsOf(typeof(SaveAlertRule)), NamesOf(AlertRuleDocument.Rules.Item));
        Assert.Equal(FieldsOf(typeof(AlertTelemetry)), NamesOf((ObjectShape)AlertRuleDocument.Rules.Item.Fields["telemetry"]));
        Assert.Equal(Enum.GetValues<AlertMetric>().Select(m => JsonSerializer.Serialize(m).Trim('"')), ((TextShape)((ObjectShape)AlertRuleDocument.Rules.Item.Fields["telemetry"]).Fields["metric"]).Words!);
        Assert.Equal(Enum.GetValues<AlertSeverity>().Select(s => JsonSerializer.Serialize(s).Trim('"')), ((TextShape)AlertRuleDocument.Rules.Item.Fields["severity"]).Words!);
        // a window opens by no interval and no trigger
        Assert.Equal(FieldsOf(typeof(SaveMaintenanceWindow)).Except(["every", "on"]), NamesOf(MaintenanceWindowDocument.Windows.Item));
    }

    private static IEnumerable<string> FieldsOf(Type model) => model.GetProperties().Select(p => JsonNamingPolicy.CamelCase.ConvertName(p.Name)).Order(StringComparer.Ordinal);

    private static IEnumerable<string> NamesOf(ObjectShape shape) => shape.Fields.Keys.Order(StringComparer.Ordinal);
}

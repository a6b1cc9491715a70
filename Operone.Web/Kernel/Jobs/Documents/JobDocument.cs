using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Operone.Core.Connection;
using Operone.Core.Errors;
using Operone.Core.Kernel.Jobs;

namespace Operone.Web.Kernel.Jobs.Documents;

/// <summary>Reads a job from a text that somebody wrote, YAML or JSON, and says where it is wrong.</summary>
internal static class JobDocument
{
    /// <summary>The job, or everything that is wrong with the text.</summary>
    public static CheckedJob Check(string text)
    {
        if (Encoding.UTF8.GetByteCount(text) > JobRules.MaxDocumentBytes)
        {
            return new([new("", $"it is over {JobRules.MaxDocumentBytes} bytes")]);
        }

        DocumentNode root;
        try
        {
            // JSON is read by its own rules: what YAML makes of it is not everywhere the same
            root = text.AsSpan().TrimStart("\ufeff \t\r\n").StartsWith('{') ? JsonReader.Read(text.TrimStart('\ufeff')) : YamlReader.Read(text);
        }
        catch (DocumentException problem)
        {
            return new([problem.ToProblem()]);
        }

        var reading = new ShapeReading();
        reading.Places[""] = root.At;
        var json = JobShape.Job.Read(root, "", reading);
        if (reading.Problems.Count > 0 || json is null)
        {
            return new(reading.Problems.Count > 0 ? reading.Problems : [new("", "there is nothing in it", root.At.Line, root.At.Column)]);
        }

        var job = json.Deserialize(OperoneJson.Default.JobDefinition)!;
        var problems = (JobRules.Check(job)?.Fields ?? new Dictionary<string, string[]>())
            .SelectMany(f => f.Value.Select(message => new DocumentProblem(f.Key, message, reading.Find(f.Key)?.Line, reading.Find(f.Key)?.Column)))
            .OrderBy(p => p.Line).ThenBy(p => p.Column).Take(DocumentLimits.MaxProblems).ToArray();
        return problems.Length > 0 ? new(problems) : new([], job);
    }

    /// <summary>The same as an error with fields; each message says the line and column.</summary>
    public static Error ToError(IReadOnlyList<DocumentProblem> problems)
    {
        var errors = new FieldErrors();
        foreach (var problem in problems)
        {
            errors.Add(problem.Place.Length == 0 ? "document" : problem.Place, problem.Line is { } line ? $"line {line}, column {problem.Column}: {problem.Message}" : problem.Message);
        }

        return errors.ToError()!;
    }

    /// <summary>A definition as JSON, in the order in which people read it.</summary>
    public static JsonObject ToJson(JobDefinition job) => JsonSerializer.SerializeToNode(job, OperoneJson.Default.JobDefinition)!.AsObject();
}

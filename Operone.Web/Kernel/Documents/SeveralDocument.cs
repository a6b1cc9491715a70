using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;
using Operone.Core.Errors;
using Operone.Core.Kernel.Jobs;
using Operone.Web.Kernel.Jobs.Documents;

namespace Operone.Web.Kernel.Documents;

/// <summary>Reads what somebody wrote in a file, one or a list of them, YAML or JSON, and says where it is wrong. By the reader that jobs have.</summary>
internal static class SeveralDocument
{
    /// <summary>All of them, or everything that is wrong with the text.</summary>
    /// <param name="text">YAML or JSON.</param>
    /// <param name="shape">What may stand there.</param>
    /// <param name="type">What one is read as.</param>
    /// <param name="check">What is wrong with one.</param>
    /// <param name="name">What one is called; each name is there once.</param>
    public static Result<T[]> Read<T>(string text, SeveralShape shape, JsonTypeInfo<T> type, Func<T, Error?> check, Func<T, string?> name)
        where T : class
    {
        var read = JobDocument.Read(text, shape);
        if (read.Json is not JsonArray { Count: > 0 } array)
        {
            return JobDocument.ToError(read.Problems.Count > 0 ? read.Problems : [new("", "there is nothing in it")]);
        }

        var (items, problems, names) = (new List<T>(), new List<DocumentProblem>(), new HashSet<string>(StringComparer.OrdinalIgnoreCase));
        foreach (var (index, node) in array.Index())
        {
            var item = node.Deserialize(type)!;
            items.Add(item);

            // of one alone nothing says which it is
            var place = read.Reading!.Places.ContainsKey($"[{index}]") ? $"[{index}]." : "";
            Note(read.Reading, problems, place, check(item)?.Fields ?? new Dictionary<string, string[]>());
            if (name(item) is { } called && !names.Add(called))
            {
                Note(read.Reading, problems, place, new Dictionary<string, string[]> { ["name"] = [$"'{called}' is there twice"] });
            }
        }

        return problems.Count > 0 ? JobDocument.ToError([.. problems.OrderBy(p => p.Line).ThenBy(p => p.Column).Take(DocumentLimits.MaxProblems)]) : items.ToArray();
    }

    private static void Note(ShapeReading reading, List<DocumentProblem> problems, string place, IReadOnlyDictionary<string, string[]> fields)
    {
        foreach (var (field, messages) in fields)
        {
            var at = reading.Find(place + field);
            problems.AddRange(messages.Select(m => new DocumentProblem(place + field, m, at?.Line, at?.Column)));
        }
    }
}

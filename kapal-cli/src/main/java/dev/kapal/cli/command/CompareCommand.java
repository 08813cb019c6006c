package dev.kapal.cli.command;

import static dev.kapal.cli.model.Option.flag;
import static dev.kapal.cli.model.Option.list;
import static dev.kapal.cli.model.Option.value;

import dev.kapal.cli.compare.Comparer;
import dev.kapal.cli.model.Completion;
import dev.kapal.cli.model.Invocation;
import dev.kapal.cli.model.Leaf;
import dev.kapal.cli.output.Json;
import dev.kapal.cli.output.Text;
import dev.kapal.cli.parse.Scalars;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** runtime compare. */
final class CompareCommand {
  private static final String IMAGE = "localhost/busybox:latest";
  private static final long COUNT = 10;
  private static final long MOST = 1000;

  private CompareCommand() {}

  static final Leaf COMPARE =
      Leaf.named("compare")
          .summary("Run the same container under every runtime, and measure")
          .description(
              "Run the same container under every runtime that works here, one after the other, and tell what each"
                  + " costs: the time of a start and of an exec, the memory of everything beside the workload, a"
                  + " system call, disk and network. Runtimes that do not work are told with the reason. What"
                  + " happens inside is measured by a small program that Kapal brings along, so the image may be"
                  + " any. Machines are noisy: compare within one run.")
          .operands("[IMAGE]", 0, 1)
          .completesOnly(Completion.IMAGE)
          .example("kapal runtime compare", "all of them, with the image that Kapal brings along")
          .example("kapal runtime compare --html compare.html", "and a page with bars")
          .example(
              "kapal runtime compare --runtime native --runtime runsc --count 30 debian", "two")
          .options(
              value("count", "NUMBER", "How often latencies are measured (default 10)").letter('n'),
              value("html", "FILE", "Write a page with bars, too").completes(Completion.FILE),
              flag("json", "Print JSON"),
              flag("quiet", "Do not tell what is being measured").letter('q'),
              list("runtime", "NAME", "Only this runtime").completes(Completion.RUNTIME))
          .does(CompareCommand::compare);

  private static int compare(Invocation i) throws InterruptedException {
    int count =
        i.arguments()
            .value("count")
            .map(n -> Math.toIntExact(Scalars.number("count", n, 1, MOST)))
            .orElse((int) COUNT);
    String image = i.operands().isEmpty() ? IMAGE : i.operands().getFirst();
    Comparer comparer = new Comparer(i, image, count);
    List<String> chosen = i.arguments().list("runtime");
    boolean lively = i.err().terminal() && !i.flag("quiet");
    Comparer.Result result =
        comparer.compare(
            chosen.isEmpty() ? comparer.all() : chosen.stream().distinct().toList(),
            what -> {
              if (lively) {
                i.err().print("\r\u001b[K" + Text.tame(what) + " …");
                i.err().flush();
              }
            });
    if (lively) {
      i.err().print("\r\u001b[K");
      i.err().flush();
    }
    if (i.flag("json")) {
      i.out().line(Json.pretty(result.json()));
    } else {
      i.out().print(result.table());
      i.out().flush();
      result.notes().forEach(note -> i.err().line(Text.tame(note)));
    }
    i.arguments()
        .value("html")
        .ifPresent(file ->
            FileOutputs.toFile(
                i,
                file,
                out -> {
                  try {
                    out.write(result.html().getBytes(StandardCharsets.UTF_8));
                  } catch (IOException e) {
                    throw new UncheckedIOException(e);
                  }
                }));
    return result.any() ? 0 : 1;
  }
}

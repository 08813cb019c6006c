package dev.kapal.cli.command;

import dev.kapal.cli.model.Completion;
import dev.kapal.cli.model.Group;
import dev.kapal.cli.model.Invocation;
import dev.kapal.cli.model.Leaf;
import dev.kapal.cli.output.Text;
import dev.kapal.cli.template.Struct;
import dev.kapal.config.KapalConfig;
import dev.kapal.config.RuntimeInstaller;
import dev.kapal.config.elf.HostFit;
import dev.kapal.config.runtime.PathLookup;
import dev.kapal.config.runtime.ResolvedRuntime;
import dev.kapal.config.runtime.RuntimeNames;
import dev.kapal.config.text.ConfigException;
import dev.kapal.engine.EngineSystem;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.TreeSet;

/** runtime ls and install. */
final class RuntimeCommands {
  private static final Listing LISTING =
      Listing.of(
          List.of("Name", "Tier", "Kind", "Program", "Status"),
          "Name",
          "NAME",
          "Tier",
          "TIER",
          "Kind",
          "KIND",
          "Program",
          "PROGRAM",
          "Status",
          "STATUS",
          "Origin",
          "ORIGIN",
          "Default",
          "DEFAULT");

  private RuntimeCommands() {}

  private static final Leaf LS =
      Leaf.named("ls")
          .aliases("list")
          .summary("List the runtimes that are configured or found here")
          .example("kapal runtime ls", "what --runtime may name, and why not")
          .options(Listing.FORMAT, Listing.QUIET)
          .does(RuntimeCommands::ls);

  private static final Leaf INSTALL =
      Leaf.named("install")
          .summary("Add a runtime to the configuration")
          .description(
              "Write a table runtimes.NAME into config.d. A program named containerd-shim-* is driven as a shim,"
                  + " any other by the command line of runc. Words after -- are put before each command that"
                  + " the runtime is given. Whether the program can execute here is looked up in its file.")
          .operands("NAME PATH [-- ARG...]", 2, Integer.MAX_VALUE)
          .completesOnly(Completion.NONE, Completion.FILE)
          .example(
              "kapal runtime install runsc /usr/local/bin/runsc -- --platform=systrap",
              "gVisor, with an argument")
          .does(RuntimeCommands::install);

  static final Group GROUP =
      new Group(
          "runtime",
          List.of("runtimes"),
          "Runtimes: list them, add one, compare them",
          SystemCommands.ENGINE,
          false,
          List.of(CompareCommand.COMPARE, INSTALL, LS));

  private static int ls(Invocation i) {
    EngineSystem.Info info = i.engine().system().info();
    KapalConfig config = i.services().configuration().current();
    RuntimeNames resolver = new RuntimeNames(config.runtimes(), PathLookup.system());
    TreeSet<String> names = new TreeSet<>(info.runtimes());
    if (i.flag("quiet")) {
      names.forEach(name -> i.out().line(name));
      return 0;
    }
    names.addAll(resolver.usable());
    LISTING.print(i, names.stream().map(name -> row(name, info, config, resolver)).toList());
    return 0;
  }

  private static Struct row(
      String name, EngineSystem.Info info, KapalConfig config, RuntimeNames resolver) {
    boolean standard = name.equals(info.defaultRuntime());
    boolean offered = info.runtimes().contains(name);
    String tier;
    String kind;
    String program;
    String status =
        standard
            ? "default"
            : offered ? "ready" : "not offered: kapal system reload, or not driven yet";
    String origin = "built in";
    try {
      ResolvedRuntime found = resolver.resolve(name);
      tier = found.entry().tier().name().toLowerCase(Locale.ROOT);
      kind = found.entry().kind().name().toLowerCase(Locale.ROOT);
      program =
          switch (found) {
            case ResolvedRuntime.BuiltIn _ -> "";
            case ResolvedRuntime.Program p -> p.path().toString();
            case ResolvedRuntime.Shim s -> s.path().toString();
          };
      if (!(found instanceof ResolvedRuntime.BuiltIn)) {
        origin = found.entry().at().line() > 0 ? found.entry().at().place() : "PATH";
      }
    } catch (ConfigException.UnknownRuntime e) {
      var entry = config.runtime(name);
      tier = entry.map(r -> r.tier().name().toLowerCase(Locale.ROOT)).orElse("");
      kind = entry.map(r -> r.kind().name().toLowerCase(Locale.ROOT)).orElse("");
      program = entry.flatMap(r -> r.path()).orElse("");
      origin = entry.map(r -> r.at().place()).orElse("");
      status = "the program is missing";
    }
    return new Struct()
        .with("Name", name)
        .with("Tier", tier)
        .with("Kind", kind)
        .with("Program", program)
        .with("Status", status)
        .with("Origin", origin)
        .with("Default", standard);
  }

  private static int install(Invocation i) {
    String name = i.operands().get(0);
    Path program = Path.of(i.context().resolve(i.operands().get(1))).normalize();
    List<String> args = i.operands().subList(2, i.operands().size());
    RuntimeInstaller.Installed done =
        new RuntimeInstaller(i.services().configuration().source(), HostFit.here())
            .install(name, program, args);
    i.out()
        .line(
            (done.replaced() ? "Replaced: " : "Written: ")
                + Text.tame(done.file().toString())
                + "; now: kapal system reload");
    i.out().flush();
    done.warnings().forEach(warning -> i.err().line("WARNING: " + Text.tame(warning)));
    return 0;
  }
}

package dev.kapal.runtime.plan;

import static dev.kapal.runtime.plan.Kernel.*;

import dev.kapal.oci.runtime.Process;
import java.util.ArrayList;
import java.util.List;

/** The program of a process: where it is, and what is said when it cannot be executed. */
final class ProgramPlan {
  private static final String PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

  private final Compilation c;
  private final Process process;
  private final String program;

  ProgramPlan(Compilation c, Process process) {
    this.c = c;
    this.process = process;
    this.program = process.args().isEmpty() ? "" : process.args().getFirst();
  }

  /** So that a program that is not there is told of when the container is made. */
  void find(Section s) {
    s.to("execute " + program);
    Section.Label found = new Section.Label();
    List<String> candidates = candidates(program, process.env());
    for (int i = 0; i < candidates.size(); i++) {
      Section.Draft look = executable(s, candidates.get(i)).skipTo(found);
      if (i < candidates.size() - 1) {
        look.allow(Step.Allowed.ANY);
      }
    }
    s.here(found);
    if (program.contains("/")) {
      // One that is a directory may be entered, but not executed: EISDIR tells.
      Section.Label file = new Section.Label();
      c.openHost(s, program, O_PATH | c.directory(), c.slot("program")).on(Step.Allowed.ANY, file);
      c.openHost(s, program, O_WRONLY, c.slot("program"));
      s.here(file);
    }
  }

  /** By the rights that the process will have; older kernels look at those of its user alone. */
  private Section.Draft executable(Section s, String path) {
    return c.facts.features().faccessat2()
        ? s.call("faccessat2", Arg.of(AT_FDCWD), Arg.of(path), Arg.of(X_OK), Arg.of(AT_EACCESS))
        : s.call("faccessat", Arg.of(AT_FDCWD), Arg.of(path), Arg.of(X_OK));
  }

  void execute(Section s) {
    s.to("execute " + program);
    step(s);
  }

  /**
   * For a process that counts as started by now: what keeps it from executing its program it says
   * itself, and ends.
   */
  void executeStarted(Section s) {
    s.to("execute " + program);
    Section.Label missing = new Section.Label();
    Section.Label denied = new Section.Label();
    // A step may allow for two errors: those that are not the first one's are met again.
    step(s).on(Errors.ENOENT, missing).allow(Step.Allowed.ANY);
    step(s).allow(Errors.ENOEXEC).on(Errors.EACCES, denied);
    complain(s, "exec format error");
    s.here(denied);
    complain(s, "permission denied");
    // It was there when it was looked for: what is missing is what it wants to be run by.
    s.here(missing);
    complain(s, "no such file or directory");
  }

  private Section.Draft step(Section s) {
    return s.op(
        Op.EXEC,
        new Arg.Strings(candidates(program, process.env())),
        new Arg.Strings(process.args()),
        new Arg.Strings(process.env()));
  }

  private void complain(Section s, String why) {
    String text = "exec " + program + ": " + why + "\n";
    s.call("write", Arg.of(2), Arg.of(text), Arg.of(Bytes.string(text).length() - 1))
        .allow(Step.Allowed.ANY);
    s.call("exit_group", Arg.of(255));
  }

  private static List<String> candidates(String program, List<String> env) {
    if (program.indexOf('/') >= 0) {
      return List.of(program);
    }
    String path =
        env.stream()
            .filter(e -> e.startsWith("PATH="))
            .reduce((_, last) -> last)
            .map(e -> e.substring(5))
            .orElse(PATH);
    List<String> candidates = new ArrayList<>();
    for (String directory : path.split(":", -1)) {
      candidates.add(directory.isEmpty() ? "./" + program : directory + "/" + program);
    }
    return candidates;
  }
}

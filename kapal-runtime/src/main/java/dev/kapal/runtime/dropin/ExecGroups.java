package dev.kapal.runtime.dropin;

import dev.kapal.linux.Cgroup;
import dev.kapal.linux.Fd;
import dev.kapal.runtime.monitor.CgroupPaths;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The control groups of a further process: the container's, or those below it that {@code --cgroup}
 * names, for all controllers or for some.
 *
 * @param cgroup the group itself, or what it is for controllers that are not named
 * @param elsewhere directory of the container's → directory instead of it
 */
record ExecGroups(Cgroup cgroup, Map<String, String> elsewhere) {

  /** The directories to enter by writing; one controller for each. */
  Map<String, String> directories(boolean clonedInto) {
    Map<String, String> all = new LinkedHashMap<>();
    CgroupPaths.directories(cgroup, clonedInto)
        .forEach((controller, directory) ->
            all.put(controller, elsewhere.getOrDefault(directory, directory)));
    return all;
  }

  static ExecGroups of(Session session, Kept kept, List<String> given) {
    Map<String, String> places = parse(given);
    Optional<String> everywhere = Optional.ofNullable(places.get(""));
    Cgroup own = places.isEmpty() ? kept.cgroup() : kept.cgroupTo("choose a control group in");
    if (places.isEmpty() || everywhere.filter("/"::equals).isPresent()) {
      return new ExecGroups(own, Map.of());
    }
    Map<String, String> elsewhere = elsewhere(own.directories(), places);
    for (String directory : new HashSet<>(elsewhere.values())) {
      if (session.host().linux().descriptors().lstatIfExists(Fd.CWD, directory).isEmpty()) {
        throw failed(
            "error adding pid of the new process to its control groups: "
                + directory
                + "/cgroup.procs: no such file or directory");
      }
    }
    return everywhere.isPresent()
        ? new ExecGroups(
            session.host().cgroups().open(kept.record().cgroup() + everywhere.get()), Map.of())
        : new ExecGroups(own, elsewhere);
  }

  /**
   * Controller → path below the container's group, beginning with a slash. Either one path that is
   * for all of them, of name "", or "CONTROLLER[,CONTROLLER…]:PATH" any number of times.
   */
  static Map<String, String> parse(List<String> given) {
    Map<String, String> places = new LinkedHashMap<>();
    for (String one : given) {
      int colon = one.indexOf(':');
      if (colon < 0 && given.size() > 1) {
        throw failed("invalid --cgroup argument: " + one + " (missing <controller>: prefix)");
      }
      String place = below(one.substring(colon + 1));
      for (String controller : one.substring(0, Math.max(0, colon)).split(",", -1)) {
        if (colon >= 0 && controller.isEmpty()) {
          throw failed("invalid --cgroup argument: " + one + " (empty <controller> prefix)");
        }
        if (places.put(controller, place) != null) {
          throw failed(
              "invalid --cgroup argument(s): controller "
                  + controller
                  + " specified multiple times");
        }
      }
    }
    return places;
  }

  private static String below(String path) {
    Path relative = Path.of(path.replaceFirst("^/+", "")).normalize();
    if (relative.startsWith("..")) {
      throw failed(path + " is not a sub cgroup path");
    }
    return Path.of("/").resolve(relative).toString();
  }

  /** Controllers that are mounted together are in one group together. */
  static Map<String, String> elsewhere(Map<String, String> own, Map<String, String> places) {
    Map<String, String> elsewhere = new HashMap<>();
    Set<String> controllers = places.containsKey("") ? own.keySet() : places.keySet();
    for (String controller : controllers) {
      String directory = own.get(controller);
      if (directory == null) {
        throw failed("unknown controller " + controller);
      }
      String place = places.getOrDefault(controller, places.getOrDefault("", "/"));
      String now = place.equals("/") ? directory : directory + place;
      String before = elsewhere.put(directory, now);
      if (before != null && !before.equals(now)) {
        throw failed(
            "controller "
                + controller
                + " shares a hierarchy with another that is to be elsewhere");
      }
    }
    return elsewhere;
  }

  private static CommandFailed failed(String why) {
    return new CommandFailed("exec failed: " + why, 255);
  }
}

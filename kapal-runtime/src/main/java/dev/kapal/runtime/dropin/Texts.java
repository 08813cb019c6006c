package dev.kapal.runtime.dropin;

/** What is printed as it stands. */
final class Texts {
  static final String HELP =
      """
      NAME:
         kapal-oci - Kapal's native runtime with the OCI command line

      USAGE:
         kapal-oci [GLOBAL OPTIONS] COMMAND [OPTIONS] [ARGUMENTS]

      COMMANDS:
        create      make a container from a bundle; it waits for its start
        start       start a created container
        run         create and start, and wait for its end
        state       print a container's state
        kill        send a signal
        delete      remove a container
        exec        run a further process in a container
        pause       stop all processes of a container
        resume      let them go on
        update      change a container's limits
        events      print what a container uses
        ps          list a container's processes
        list        list containers
        features    print what this runtime can do
        spec        write a config.json to begin with
        checkpoint  save a container with CRIU
        restore     make a container of what was saved

      GLOBAL OPTIONS:
        --root DIR           where states are kept (default: /run/kapal-oci)
        --log FILE           where messages go (default: standard error)
        --log-format FORMAT  text or json
        --debug              log more
        --systemd-cgroup     cgroupsPath is slice:prefix:name
        --version            print the version

      It is a drop-in for runc; see docs/kapal-oci.md.
      """;

  private Texts() {}

  static String version(String version) {
    return "kapal-oci version " + version + "\nspec: " + DropIn.SPECIFICATION + "\n";
  }
}

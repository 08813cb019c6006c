package dev.kapal.runtime.shim;

import dev.kapal.linux.ErrnoException;
import dev.kapal.linux.Linux;
import dev.kapal.oci.runtime.NamespaceType;
import dev.kapal.oci.runtime.RuntimeConfig;
import dev.kapal.oci.runtime.RuntimeConfigJson;
import dev.kapal.runtime.ContainerException;
import dev.kapal.runtime.driver.LaunchedProcess;
import dev.kapal.runtime.driver.Strays;
import dev.kapal.runtime.driver.Trees;
import dev.kapal.runtime.wire.MessageWriter;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;

/**
 * The one shim of a sandbox that it makes itself: started with the sandbox and gone with it, while
 * containers come and go in it.
 */
final class SandboxShim {
  private static final Duration STOP = Duration.ofSeconds(10);

  private final ShimSandbox sandbox;
  private ShimRecord.Own record = new ShimRecord.Own(0, 0, 0, "");
  private Optional<Shim> shim = Optional.empty();

  SandboxShim(ShimSandbox sandbox) {
    this.sandbox = sandbox;
  }

  ShimRecord.Own record() {
    return record;
  }

  Optional<Shim> shim() {
    return shim;
  }

  /** Not as any container is called, which may have the sandbox's name. */
  private String id() {
    return sandbox.id() + "-sandbox";
  }

  /** Named as shims expect it, beside those of containers. */
  private String bundle() {
    return ShimSandbox.TASKS + "/" + id();
  }

  private ShimCommands commands() {
    return new ShimCommands(sandbox, id(), sandbox.path(bundle()));
  }

  private LaunchedProcess newLaunch() {
    LaunchedProcess process = sandbox.newProcess();
    record = new ShimRecord.Own(record.log(), process.number(), 0, "");
    sandbox.save();
    return process;
  }

  /** Starts it and has it make the sandbox. */
  void start(Map<String, String> annotations) {
    Linux linux = sandbox.host().linux();
    Trees.make(linux, sandbox.files().directory(), bundle());
    Trees.make(linux, sandbox.files().directory(), bundle() + "/work");
    RuntimeConfig config =
        RuntimeConfig.empty().withOciVersion("1.0.2").withAnnotations(annotations);
    sandbox.files().write("config.new", RuntimeConfigJson.write(config));
    linux
        .descriptors()
        .renameat(
            sandbox.files().directory(),
            "config.new",
            sandbox.files().directory(),
            bundle() + "/config.json");
    record = new ShimRecord.Own(sandbox.relayLog(bundle()), 0, 0, "");
    Optional<MessageWriter> options =
        Any.of(sandbox.host().config().options(), sandbox.path("root"));
    StartReply reply = commands().start(this::newLaunch, options);
    record = new ShimRecord.Own(record.log(), record.launch(), reply.version(), reply.address());
    sandbox.save();
    connect();
    Shim made = shim.orElseThrow();
    Duration limit = sandbox.host().config().createTimeout();
    String network =
        Optional.ofNullable(sandbox.namespaces().get(NamespaceType.NETWORK))
            .map(Object::toString)
            .orElse("");
    made.sandboxes().create(id(), sandbox.path(bundle()), options, network, limit);
    made.sandboxes().start(id(), limit);
  }

  /** Connects to the one on record; fails with an ErrnoException when it is gone. */
  private void connect() {
    Shim made = sandbox.shim(new StartReply(record.protocol(), record.address()));
    made.stay();
    shim = Optional.of(made);
  }

  /** From disk: it may be gone, then its containers are found to have ended. */
  void restore(ShimRecord.Own found) {
    record = found;
    if (found.log() > 0) {
      ShimSandbox.process(sandbox, found.log()).launching();
    }
    if (found.protocol() > 0) {
      try {
        connect();
      } catch (ErrnoException _) {
        shim = Optional.empty();
      }
    }
  }

  /** Stops it, however far it has come; nothing of it is left. */
  void end() {
    boolean gone = false;
    if (shim.filter(Shim::answers).isPresent()) {
      Shim made = shim.get();
      try {
        made.sandboxes().stop(id(), STOP);
      } catch (ContainerException e) {
        log(e);
      }
      gone = made.endSandbox(id());
    }
    if (!gone && record.launch() > 0) {
      try {
        commands().delete(record.launch());
      } catch (ContainerException | ErrnoException e) {
        log(e);
      }
      Strays.kill(sandbox.host().linux(), 0, sandbox.mark(record.launch()));
    }
    shim.ifPresent(s -> {
      sandbox.left(s);
      s.clean(sandbox.host().linux());
    });
    shim = Optional.empty();
    sandbox.endRelay(record.log());
    Trees.remove(sandbox.host().linux(), sandbox.files().directory(), bundle());
  }

  private static void log(RuntimeException e) {
    System.getLogger(SandboxShim.class.getName()).log(System.Logger.Level.WARNING, e.getMessage());
  }
}

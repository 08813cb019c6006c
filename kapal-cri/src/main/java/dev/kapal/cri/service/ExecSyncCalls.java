package dev.kapal.cri.service;

import com.google.protobuf.UnsafeByteOperations;
import dev.kapal.cri.proto.ExecSyncRequest;
import dev.kapal.cri.proto.ExecSyncResponse;
import dev.kapal.cri.proto.RuntimeServiceGrpc;
import dev.kapal.cri.rpc.CallGroup;
import dev.kapal.cri.rpc.Calls;
import dev.kapal.engine.AttachRequest;
import dev.kapal.engine.Engine;
import dev.kapal.engine.EngineException;
import dev.kapal.engine.Execs;
import dev.kapal.engine.spec.ExecSpec;
import dev.kapal.linux.Linux;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

/** Commands that are run to their end, as probes are. */
public final class ExecSyncCalls implements CallGroup, AutoCloseable {
  private final Engine engine;
  private final OutputReader reader;
  private final ScheduledExecutorService clock =
      Executors.newSingleThreadScheduledExecutor(
          Thread.ofPlatform().daemon().name("cri-clock").factory());

  public ExecSyncCalls(Engine engine, Linux linux) {
    this.engine = engine;
    this.reader = new OutputReader(linux);
  }

  @Override
  public void bind(Calls calls) {
    calls.interruptible(RuntimeServiceGrpc.getExecSyncMethod(), this::execSync);
  }

  private ExecSyncResponse execSync(ExecSyncRequest request) throws InterruptedException {
    if (request.getTimeout() < 0) {
      throw new IllegalArgumentException("the timeout of a command is negative");
    }
    String container = Known.container(engine, request.getContainerId()).id();
    try (OutputReader.Output output = reader.open()) {
      Execs.Started started =
          engine
              .execs()
              .run(
                  container,
                  ExecSpec.builder(request.getCmdList()).build(),
                  AttachRequest.of(
                      Optional.empty(), Optional.of(output.out()), Optional.of(output.err())));
      int code = await(started.id(), request);
      return ExecSyncResponse.newBuilder()
          .setExitCode(code)
          .setStdout(UnsafeByteOperations.unsafeWrap(output.outBytes()))
          .setStderr(UnsafeByteOperations.unsafeWrap(output.errBytes()))
          .build();
    }
  }

  private int await(String exec, ExecSyncRequest request) throws InterruptedException {
    if (request.getTimeout() == 0) {
      return await(exec);
    }
    AtomicBoolean late = new AtomicBoolean();
    Future<?> alarm =
        clock.schedule(
            () -> {
              late.set(true);
              kill(exec);
            },
            request.getTimeout(),
            TimeUnit.SECONDS);
    try {
      int code = await(exec);
      if (late.get()) {
        throw new EngineException.TimedOut(
            "the command "
                + request.getCmd(0)
                + " was killed: it did not end in "
                + request.getTimeout()
                + " s");
      }
      return code;
    } finally {
      alarm.cancel(false);
    }
  }

  /** Nobody waits for what it prints when the caller has gone, so it ends too. */
  private int await(String exec) throws InterruptedException {
    try {
      return engine.execs().await(exec);
    } catch (InterruptedException e) {
      kill(exec);
      throw e;
    }
  }

  private void kill(String exec) {
    try {
      engine.execs().kill(exec, "KILL");
    } catch (EngineException e) {
      // It has just ended.
    }
  }

  @Override
  public void close() {
    clock.shutdownNow();
    reader.close();
  }
}

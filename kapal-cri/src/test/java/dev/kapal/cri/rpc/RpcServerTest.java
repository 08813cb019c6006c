package dev.kapal.cri.rpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import dev.kapal.cri.observe.CallObserver;
import dev.kapal.cri.proto.Container;
import dev.kapal.cri.proto.ContainerFilter;
import dev.kapal.cri.proto.ImageServiceGrpc;
import dev.kapal.cri.proto.ListContainersRequest;
import dev.kapal.cri.proto.ListContainersResponse;
import dev.kapal.cri.proto.ListImagesRequest;
import dev.kapal.cri.proto.RuntimeServiceGrpc;
import dev.kapal.cri.proto.StatusRequest;
import dev.kapal.cri.proto.StreamContainersRequest;
import dev.kapal.cri.proto.StreamContainersResponse;
import dev.kapal.cri.proto.VersionRequest;
import dev.kapal.cri.proto.VersionResponse;
import dev.kapal.engine.EngineException;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.MetadataUtils;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class RpcServerTest {
  @TempDir Path folder;
  private CallObserver observer = CallObserver.NONE;
  private final ExecutorService threads =
      Executors.newCachedThreadPool(Thread.ofPlatform().daemon().factory());

  @AfterEach
  void end() {
    threads.shutdownNow();
  }

  private RpcServer listen(CallGroup group, Path... paths) throws IOException {
    Calls calls = new Calls(threads);
    group.bind(calls);
    return RpcServer.serve(
        Listeners.bind(List.of(paths)),
        calls.services(
            RuntimeServiceGrpc.getServiceDescriptor(), ImageServiceGrpc.getServiceDescriptor()),
        threads,
        () -> observer);
  }

  private static void version(Calls calls) {
    calls.unary(
        RuntimeServiceGrpc.getVersionMethod(),
        request -> VersionResponse.newBuilder().setRuntimeName(request.getVersion()).build());
  }

  @Test
  void answersOnEachPath() throws Exception {
    Path one = folder.resolve("one.sock");
    Path two = folder.resolve("deeper/two.sock");
    try (RpcServer server = listen(RpcServerTest::version, one, two)) {
      for (Path path : List.of(one, two)) {
        try (Client client = Client.of(path)) {
          assertThat(
                  client
                      .runtime()
                      .version(VersionRequest.newBuilder().setVersion("x").build())
                      .getRuntimeName())
              .isEqualTo("x");
        }
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(path)))
            .isEqualTo("rw-rw----");
      }
    }
    assertThat(one).doesNotExist();
    assertThat(two).doesNotExist();
  }

  /** Longer than what the client's side takes before it has read some. */
  @Test
  void answersThatAreEncodedAlreadyArriveWhole() throws Exception {
    List<Container> sent = new ArrayList<>();
    List<ByteString> parts = new ArrayList<>();
    for (int i = 0; i < 5000; i++) {
      Container container =
          Container.newBuilder().setId("c" + i).putLabels("name", "x".repeat(i % 700)).build();
      sent.add(container);
      parts.add(
          ListContainersResponse.newBuilder().addContainers(container).build().toByteString());
    }
    Path path = folder.resolve("s");
    CallGroup group =
        calls ->
            calls.encoded(
                RuntimeServiceGrpc.getListContainersMethod(),
                request -> {
                  if (request.getFilter().getId().equals("none")) {
                    throw new EngineException.NotFound("there is none");
                  }
                  return new Encoded(ByteString.copyFrom(parts));
                });
    try (RpcServer server = listen(group, path);
        Client client = Client.of(path)) {
      assertThat(
              client
                  .runtime()
                  .listContainers(ListContainersRequest.getDefaultInstance())
                  .getContainersList())
          .isEqualTo(sent);
      assertThatThrownBy(() ->
              client
                  .runtime()
                  .listContainers(
                      ListContainersRequest.newBuilder()
                          .setFilter(ContainerFilter.newBuilder().setId("none"))
                          .build()))
          .hasMessageContaining("there is none");
    }
  }

  @Test
  void whatIsNotBoundIsUnimplemented() throws Exception {
    Path path = folder.resolve("s");
    try (RpcServer server = listen(RpcServerTest::version, path);
        Client client = Client.of(path)) {
      assertThatThrownBy(() -> client.images().listImages(ListImagesRequest.getDefaultInstance()))
          .isInstanceOfSatisfying(
              StatusRuntimeException.class,
              e -> {
                assertThat(e.getStatus().getCode()).isEqualTo(Status.Code.UNIMPLEMENTED);
                assertThat(e).hasMessageContaining("ListImages is not implemented");
              });
    }
  }

  @Test
  void replacesADeadServersSocketAndNotALivingOnes() throws Exception {
    Path path = folder.resolve("s");
    try (RpcServer server = listen(RpcServerTest::version, path)) {
      assertThatThrownBy(() -> listen(RpcServerTest::version, path))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("listens at " + path + " already");
      // It has not been hurt by the attempt.
      try (Client client = Client.of(path)) {
        client.runtime().version(VersionRequest.getDefaultInstance());
      }
    }
    try (var dead =
        java.nio.channels.ServerSocketChannel.open(java.net.StandardProtocolFamily.UNIX)) {
      dead.bind(java.net.UnixDomainSocketAddress.of(path));
    }
    assertThat(path).exists();
    try (RpcServer server = listen(RpcServerTest::version, path);
        Client client = Client.of(path)) {
      client.runtime().version(VersionRequest.getDefaultInstance());
    }
  }

  @Test
  void doesNotReplaceAFile() throws Exception {
    Path path = Files.writeString(folder.resolve("s"), "precious");
    assertThatThrownBy(() -> listen(RpcServerTest::version, path))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("not a socket");
    assertThat(path).hasContent("precious");
  }

  @Test
  void tellsWhyACallFailed() throws Exception {
    Path path = folder.resolve("s");
    try (RpcServer server =
            listen(
                calls ->
                    calls.unary(
                        RuntimeServiceGrpc.getStatusMethod(),
                        request -> {
                          throw new EngineException.NotFound("no container \"x\"");
                        }),
                path);
        Client client = Client.of(path)) {
      assertThatThrownBy(() -> client.runtime().status(StatusRequest.getDefaultInstance()))
          .isInstanceOfSatisfying(
              StatusRuntimeException.class,
              e -> {
                assertThat(e.getStatus().getCode()).isEqualTo(Status.Code.NOT_FOUND);
                assertThat(e.getStatus().getDescription()).isEqualTo("no container \"x\"");
              });
    }
  }

  @Test
  void interruptsWhatCanBeGivenUpAtTheDeadline() throws Exception {
    Path path = folder.resolve("s");
    CountDownLatch interrupted = new CountDownLatch(1);
    try (RpcServer server =
            listen(
                calls ->
                    calls.interruptible(
                        RuntimeServiceGrpc.getListContainersMethod(),
                        request -> {
                          try {
                            new CountDownLatch(1).await();
                          } finally {
                            interrupted.countDown();
                          }
                          throw new AssertionError();
                        }),
                path);
        Client client = Client.of(path)) {
      assertThatThrownBy(() ->
              client
                  .runtime()
                  .withDeadlineAfter(100, TimeUnit.MILLISECONDS)
                  .listContainers(ListContainersRequest.getDefaultInstance()))
          .isInstanceOfSatisfying(
              StatusRuntimeException.class,
              e -> assertThat(e.getStatus().getCode()).isEqualTo(Status.Code.DEADLINE_EXCEEDED));
      assertThat(interrupted.await(5, TimeUnit.SECONDS)).isTrue();
    }
  }

  @Test
  void aStreamWaitsForASlowClientAndEndsWithIt() throws Exception {
    Path path = folder.resolve("s");
    CountDownLatch ended = new CountDownLatch(1);
    byte[] name = new byte[1 << 16];
    try (RpcServer server =
            listen(
                calls ->
                    calls.streaming(
                        RuntimeServiceGrpc.getStreamContainersMethod(),
                        (request, answers) -> {
                          try {
                            for (int i = 0; i < 10_000; i++) {
                              answers.send(
                                  StreamContainersResponse.newBuilder()
                                      .addContainers(
                                          dev.kapal.cri.proto.Container.newBuilder()
                                              .setIdBytes(
                                                  com.google.protobuf.ByteString.copyFrom(name)))
                                      .build());
                            }
                          } finally {
                            ended.countDown();
                          }
                        }),
                path);
        Client client = Client.of(path)) {
      var context = io.grpc.Context.current().withCancellation();
      context.run(() -> {
        Iterator<StreamContainersResponse> answers =
            client.runtime().streamContainers(StreamContainersRequest.getDefaultInstance());
        assertThat(answers.next().getContainersCount()).isEqualTo(1);
      });
      assertThat(ended.await(200, TimeUnit.MILLISECONDS)).isFalse();
      context.cancel(null);
      assertThat(ended.await(5, TimeUnit.SECONDS)).isTrue();
    }
  }

  /** Writes down what it hears. */
  private static final class Notes implements CallObserver {
    final BlockingQueue<String> notes = new LinkedBlockingQueue<>();

    @Override
    public Observed begin(Call call) {
      notes.add(
          call.service() + " " + call.method() + call.traceparent().map(t -> " " + t).orElse(""));
      return new Observed() {
        @Override
        public void enter() {
          notes.add("enter " + Thread.currentThread().threadId());
        }

        @Override
        public void leave() {
          notes.add("leave " + Thread.currentThread().threadId());
        }

        @Override
        public void sent() {
          notes.add("sent");
        }

        @Override
        public void end(String code, int number) {
          notes.add("end " + code + " " + number);
        }
      };
    }

    List<String> next(int count) throws InterruptedException {
      List<String> all = new ArrayList<>();
      while (all.size() < count) {
        String note = notes.poll(5, TimeUnit.SECONDS);
        if (note == null) {
          return all;
        }
        all.add(note);
      }
      return all;
    }
  }

  @Test
  void callsAreShownToTheObserverOfTheMoment() throws Exception {
    Path path = folder.resolve("s");
    AtomicLong worker = new AtomicLong();
    CountDownLatch cancelled = new CountDownLatch(1);
    Notes notes = new Notes();
    try (RpcServer server =
            listen(
                calls -> {
                  version(calls);
                  calls.unary(
                      RuntimeServiceGrpc.getStatusMethod(),
                      request -> {
                        worker.set(Thread.currentThread().threadId());
                        throw new EngineException.NotFound("no container \"x\"");
                      });
                  calls.streaming(
                      RuntimeServiceGrpc.getStreamContainersMethod(),
                      (request, answers) -> {
                        answers.send(StreamContainersResponse.getDefaultInstance());
                        answers.send(StreamContainersResponse.getDefaultInstance());
                        cancelled.await();
                      });
                },
                path);
        Client client = Client.of(path)) {
      client.runtime().version(VersionRequest.getDefaultInstance());
      observer = notes;
      Metadata headers = new Metadata();
      headers.put(Metadata.Key.of("traceparent", Metadata.ASCII_STRING_MARSHALLER), "00-x");
      assertThatThrownBy(() ->
              client
                  .runtime()
                  .withInterceptors(MetadataUtils.newAttachHeadersInterceptor(headers))
                  .status(StatusRequest.getDefaultInstance()))
          .isInstanceOf(StatusRuntimeException.class);
      assertThat(notes.next(4))
          .containsExactly(
              "runtime.v1.RuntimeService Status 00-x",
              "enter " + worker,
              "end NOT_FOUND 5",
              "leave " + worker);
      var context = io.grpc.Context.current().withCancellation();
      context.run(() -> {
        Iterator<StreamContainersResponse> answers =
            client.runtime().streamContainers(StreamContainersRequest.getDefaultInstance());
        answers.next();
        answers.next();
      });
      context.cancel(null);
      List<String> heard = notes.next(6);
      assertThat(heard.getFirst()).isEqualTo("runtime.v1.RuntimeService StreamContainers");
      assertThat(heard).filteredOn("sent"::equals).hasSize(2);
      assertThat(heard.getLast()).isEqualTo("end CANCELLED 1");
      assertThatThrownBy(() -> client.images().listImages(ListImagesRequest.getDefaultInstance()))
          .isInstanceOf(StatusRuntimeException.class);
      assertThat(notes.next(4)).contains("end UNIMPLEMENTED 12");
      assertThat(notes.notes).isEmpty();
      cancelled.countDown();
    }
  }
}

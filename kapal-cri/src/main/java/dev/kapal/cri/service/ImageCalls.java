package dev.kapal.cri.service;

import dev.kapal.cri.proto.FilesystemIdentifier;
import dev.kapal.cri.proto.FilesystemUsage;
import dev.kapal.cri.proto.ImageFilter;
import dev.kapal.cri.proto.ImageFsInfoRequest;
import dev.kapal.cri.proto.ImageFsInfoResponse;
import dev.kapal.cri.proto.ImageServiceGrpc;
import dev.kapal.cri.proto.ImageStatusRequest;
import dev.kapal.cri.proto.ImageStatusResponse;
import dev.kapal.cri.proto.ListImagesRequest;
import dev.kapal.cri.proto.ListImagesResponse;
import dev.kapal.cri.proto.PullImageRequest;
import dev.kapal.cri.proto.PullImageResponse;
import dev.kapal.cri.proto.RemoveImageRequest;
import dev.kapal.cri.proto.RemoveImageResponse;
import dev.kapal.cri.proto.StreamImagesRequest;
import dev.kapal.cri.proto.StreamImagesResponse;
import dev.kapal.cri.proto.UInt64Value;
import dev.kapal.cri.rpc.Answers;
import dev.kapal.cri.rpc.CallGroup;
import dev.kapal.cri.rpc.Calls;
import dev.kapal.cri.translate.ImageMessages;
import dev.kapal.cri.translate.ImageNames;
import dev.kapal.cri.translate.PullCredentials;
import dev.kapal.engine.Engine;
import dev.kapal.engine.Filters;
import dev.kapal.image.Image;
import dev.kapal.image.ImageException;
import dev.kapal.image.ImageFilters;
import dev.kapal.image.Images;
import dev.kapal.image.LayerUse;
import dev.kapal.image.ProgressListener;
import dev.kapal.image.PullPolicy;
import dev.kapal.image.PullRequest;
import dev.kapal.oci.Reference;
import java.time.Clock;
import java.util.List;
import java.util.Optional;

/** Images. */
public final class ImageCalls implements CallGroup {
  private final Engine engine;
  private final Clock clock;

  public ImageCalls(Engine engine, Clock clock) {
    this.engine = engine;
    this.clock = clock;
  }

  @Override
  public void bind(Calls calls) {
    calls.unary(ImageServiceGrpc.getListImagesMethod(), this::list);
    calls.streaming(ImageServiceGrpc.getStreamImagesMethod(), this::stream);
    calls.unary(ImageServiceGrpc.getImageStatusMethod(), this::status);
    calls.interruptible(ImageServiceGrpc.getPullImageMethod(), this::pull);
    calls.unary(ImageServiceGrpc.getRemoveImageMethod(), this::remove);
    calls.unary(ImageServiceGrpc.getImageFsInfoMethod(), this::fileSystems);
  }

  private Images images() {
    return engine.images();
  }

  private dev.kapal.cri.proto.Image message(Image image) {
    return ImageMessages.of(image, images().pinned(image));
  }

  private ListImagesResponse list(ListImagesRequest request) {
    return ListImagesResponse.newBuilder()
        .addAllImages(matching(request.getFilter()).stream().map(this::message).toList())
        .build();
  }

  private void stream(StreamImagesRequest request, Answers<StreamImagesResponse> answers)
      throws InterruptedException {
    answers.sendInParts(
        matching(request.getFilter()).stream().map(this::message).toList(),
        part -> StreamImagesResponse.newBuilder().addAllImages(part).build());
  }

  private List<Image> matching(ImageFilter filter) {
    String text = filter.getImage().getImage();
    if (text.isEmpty()) {
      return images().list(ImageFilters.NONE);
    }
    Optional<Image> one = ImageNames.find(images(), text);
    if (ImageNames.maybeId(text)) {
      return one.stream().toList();
    }
    Reference name = Reference.parse(text);
    // A name alone means all its tags.
    return name.tag().isPresent() || name.digest().isPresent()
        ? one.stream().toList()
        : images().list(ImageFilters.NONE).stream()
            .filter(image -> image.names().stream().anyMatch(n -> n.name().equals(name.name())))
            .toList();
  }

  private ImageStatusResponse status(ImageStatusRequest request) {
    ImageStatusResponse.Builder response = ImageStatusResponse.newBuilder();
    ImageNames.find(images(), ImageNames.of(request.getImage()))
        .ifPresent(image -> {
          response.setImage(message(image));
          if (request.getVerbose()) {
            response.putAllInfo(ImageMessages.info(image));
          }
        });
    return response.build();
  }

  private PullImageResponse pull(PullImageRequest request) {
    Reference name = ImageNames.whole(ImageNames.of(request.getImage()));
    Image image =
        images()
            .pull(
                new PullRequest(
                    name.toString(),
                    Optional.empty(),
                    policy(name),
                    PullCredentials.source(request.getAuth(), name)),
                ProgressListener.SILENT);
    return PullImageResponse.newBuilder().setImageRef(image.id().toString()).build();
  }

  /** An image of this machine is not to be had from elsewhere. */
  private static PullPolicy policy(Reference name) {
    return name.domain().equals(Reference.LOCALHOST) ? PullPolicy.MISSING : PullPolicy.ALWAYS;
  }

  /** By name: the name, and with the last one the image. By id: the image with all its names. */
  private RemoveImageResponse remove(RemoveImageRequest request) {
    String text = ImageNames.of(request.getImage());
    Optional<Image> found = ImageNames.find(images(), text);
    if (found.isPresent()) {
      Image image = found.get();
      String id = image.id().toString();
      boolean byId = ImageNames.maybeId(text) && image.id().hex().startsWith(hex(text));
      try {
        if (!byId) {
          images().remove(ImageNames.whole(text).toString(), false);
        } else {
          images().remove(id, several(image) && !images().pinned(image) && unused(id));
        }
      } catch (ImageException.NotFound e) {
        // Somebody else was faster.
      }
    }
    return RemoveImageResponse.getDefaultInstance();
  }

  private static String hex(String text) {
    return text.startsWith("sha256:") ? text.substring("sha256:".length()) : text;
  }

  private static boolean several(Image image) {
    return image.names().size() > 1;
  }

  private boolean unused(String id) {
    return engine.containers().list(true, Filters.of("ancestor", id)).isEmpty();
  }

  /** Images and containers are on the same file system. */
  private ImageFsInfoResponse fileSystems(ImageFsInfoRequest request) {
    LayerUse use = images().layers();
    FilesystemUsage usage =
        FilesystemUsage.newBuilder()
            .setTimestamp(clock.millis() * 1_000_000)
            .setFsId(FilesystemIdentifier.newBuilder().setMountpoint(use.directory().toString()))
            .setUsedBytes(UInt64Value.newBuilder().setValue(use.bytes()))
            .setInodesUsed(UInt64Value.newBuilder().setValue(use.inodes()))
            .build();
    return ImageFsInfoResponse.newBuilder()
        .addImageFilesystems(usage)
        .addContainerFilesystems(usage)
        .build();
  }
}

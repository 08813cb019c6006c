/**
 * The driver for runtimes with the OCI command line: runc, crun, runsc, youki and others. The
 * monitor launches the runtime's program and adopts the process that it makes, so that streams,
 * logs and exits survive this process as those of native containers do.
 */
@NullMarked
package dev.kapal.runtime.oci;

import org.jspecify.annotations.NullMarked;

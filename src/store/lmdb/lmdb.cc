#include "store/index.h"
#include "store/lmdb/lmdb_journal.h"
#include "store/sequencer.h"
#include "store/view.h"

namespace store {

// History is not kept on the disk: watches from before this opening begin anew, as after a restart of upstream's
// server.
base::Result<std::unique_ptr<Store>> open_lmdb(LmdbOptions options) {
  TRY(auto opened, LmdbJournal::open(options));
  Revision revision = opened.contents.revision;
  auto view = std::make_shared<View>(View::Options::from(options.history), base::system_clock(),
                                     Index(opened.contents.entries), revision, revision);
  return std::make_unique<Sequencer>(std::move(view), std::move(options.indexer), std::move(opened.journal),
                                     std::move(options.sealer));
}

}  // namespace store

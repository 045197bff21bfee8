// Made by tools/write_api_types.py from the OpenAPI document of the server. Do not edit.
// Ids are strings that may hold lone surrogates: see query.js.

/**
 * The approximate index. `recall`: share of the true nearest images that it returned when it was
 * measured, by k; `text_recall`: for searches by words, empty if it was not measured.
 * `by_queries`: recall by kind of query, see docs/search.md; `recall` is the lowest of the kinds
 * of pictures.
 */
export interface AnnIndexDocument {
  covered: number;
  rows: number;
  recall: Record<string, number>;
  text_recall: Record<string, number>;
  by_queries: Record<string, Record<string, number>>;
  metric: "cosine" | "l2";
}

/** A hit, with the field names of the article's server. */
export interface ArticleHitDocument {
  objectId: string;
  distance: number;
}

/** The answer of the article's server. `time`: milliseconds. */
export interface ArticleResultDocument {
  time: number;
  queryObjectId: string;
  similarImages: ArticleHitDocument[];
}

/**
 * An image that may deserve a label. `confidence`: 0 to 1, the share of the label among all that
 * were given.
 */
export interface CandidateDocument {
  id: string;
  name: string;
  folder: string;
  confidence: number;
  width: number | null;
  height: number | null;
  v: string;
}

/** Accuracy of predicted labels by the number of labels; empty while there are few labels. */
export interface CurveDocument {
  curve: CurvePointDocument[];
}

/** The share of later labels that the first `labels` labels predicted correctly. */
export interface CurvePointDocument {
  labels: number;
  accuracy: number;
}

/** An image whose file is damaged and was read in part. `reason`: what is missing. */
export interface DamagedImageDocument {
  id: string;
  name: string;
  reason: string;
}

/** A page of damaged images, ordered by id. `next`: cursor of the next page. */
export interface DamagedPageDocument {
  damaged: DamagedImageDocument[];
  next: string | null;
}

/**
 * Decisions of a person: pairs that are no duplicates, and images to keep. `undo` removes the
 * decisions.
 */
export interface DecisionsRequestDocument {
  different?: [string, string][];
  keep?: string[];
  undo?: boolean;
}

/** How many decisions are new: on pairs, and on images to keep. */
export interface DecisionsResultDocument {
  different: number;
  keep: number;
}

/** An image whose file moves to the trash, and the near-duplicate that stays instead. */
export interface DropDocument {
  id: string;
  keep: string;
}

/** The latest drops that can be undone, the latest first. */
export interface DropListDocument {
  drops: UndoableDropDocument[];
}

/**
 * Files to move to the trash. `min_grade`, `under`, `where`, `keep` and `bursts`: those of the
 * list of groups that the images come from. Pictures of a burst stay. `batch`: equal for drops
 * that belong together.
 */
export interface DropsRequestDocument {
  drops: DropDocument[];
  min_grade?: "identical" | "same" | "edited" | "alike";
  under?: string | null;
  where?: string | null;
  keep?: string[];
  bursts?: boolean;
  batch?: string | null;
}

/**
 * Images that are in the trash now, and images that are not. `log`: name for undo; null if nothing
 * was moved. `companions`: files that belong to moved images and stay, such as RAW files;
 * `companions_moved`: those that are in the trash, too, such as sidecars and the videos of live
 * photos.
 */
export interface DropsResultDocument {
  log: string | null;
  moved: string[];
  left: NotMovedDocument[];
  companions: string[];
  companions_moved: string[];
}

/**
 * Near-duplicates. `keep`: the image to keep, which comes first, or the sharpest of a burst;
 * `grade`: the least certain grade of the pairs; `why`: why that image is first; `conflict`: what
 * speaks against it, "" if nothing does.
 */
export interface DuplicateGroupDocument {
  grade: "identical" | "same" | "edited" | "alike" | "burst";
  keep: string;
  why: string;
  conflict: string;
  images: DuplicateImageDocument[];
  pairs: PairDocument[];
}

/** An image of a group. `size`: bytes; `kept`: a person chose to keep this image. */
export interface DuplicateImageDocument {
  id: string;
  name: string;
  folder: string;
  width: number | null;
  height: number | null;
  v: string;
  modified: string;
  size: number;
  kept: boolean;
}

/**
 * A page of groups, the most certain first. `total`: number of all groups; `next`: cursor of the
 * next page; `unread`: unique images in groups, or perhaps in bursts, whose files the next run
 * reads for evidence on the image to keep; `whole`: false if `quick` was asked for, and the totals
 * and `unread` are of the groups of this page alone.
 */
export interface DuplicatePageDocument {
  compared: number;
  of: number;
  running: RunProgressDocument | null;
  failure: string | null;
  notes: string[];
  groups: DuplicateGroupDocument[];
  total: number;
  grades: Partial<Record<"identical" | "same" | "edited" | "alike" | "burst", GradeTotalDocument>>;
  next: string | null;
  unread: number;
  whole: boolean;
}

/**
 * The state of the comparison. `compared` of `of` unique images are compared. `failure`: why the
 * last run stopped early; `notes`: what the run could not do.
 */
export interface DuplicateRunDocument {
  compared: number;
  of: number;
  running: RunProgressDocument | null;
  failure: string | null;
  notes: string[];
}

/** What a first run would need, as `index --dry-run` says it. */
export interface EstimateDocument {
  images: number;
  seconds: number;
  memory_bytes: number;
  disk_bytes: number;
}

/** An image that has no feature vector. */
export interface FailureDocument {
  stage: string;
  reason: string;
  id: string;
  name: string;
}

/** A page of failures, ordered by id. `next`: cursor of the next page. */
export interface FailurePageDocument {
  failures: FailureDocument[];
  next: string | null;
}

/** The stage at which an image failed, and the reason. */
export interface FailureReasonDocument {
  stage: string;
  reason: string;
}

/**
 * The film that an image is a frame of. `path`: location of its file; `seconds`: from the
 * beginning of the film.
 */
export interface FilmDocument {
  path: string;
  seconds: number;
}

/** Find near-duplicates of this grade or a more certain one, and bursts if requested. */
export interface FindRequestDocument {
  min_grade?: "identical" | "same" | "edited" | "alike";
  bursts?: boolean;
}

/** `started`: false if a run was already in progress. */
export interface FindStartedDocument {
  started: boolean;
}

/**
 * A folder that has images in it or below. `path`: "" for the root; `count`: images in it and
 * below.
 */
export interface FolderDocument {
  path: string;
  count: number;
}

/** Every folder that has images, ordered by path. */
export interface FolderListDocument {
  folders: FolderDocument[];
}

/**
 * An image and its new label; null for no label. `was`: the label that it has, as far as the
 * sender knows. If it has another one, nothing is changed. Leave it out to change any label.
 */
export interface GivenLabelDocument {
  id: string;
  label: string | null;
  was?: string | null;
}

/**
 * Totals of a grade. `drops`: images that could go; `bytes`: their size; `conflicts`: groups to
 * look at, whose images do not count in either.
 */
export interface GradeTotalDocument {
  groups: number;
  drops: number;
  bytes: number;
  conflicts: number;
}

/**
 * The layout of the whole grid. `order`: a text that differs for other images and for another
 * order; `ratios`: one integer an image, 100 * width / height.
 */
export interface GridDocument {
  revision: string;
  order: string;
  count: number;
  ratios: number[];
  groups: GridGroupDocument[];
}

/** A section of the grid. `first`: the number of its first image. */
export interface GridGroupDocument {
  title: string;
  first: number;
  folder: string | null;
}

/** Consecutive images of the grid. `order`: as in GridDocument. */
export interface GridItemsDocument {
  revision: string;
  order: string;
  images: ListedImageDocument[];
}

/**
 * The place of an image in the grid. `order`: as in GridDocument; `count`: number of images;
 * `index`: from 0, null if the image is not in this grid.
 */
export interface GridPlaceDocument {
  order: string;
  count: number;
  index: number | null;
}

/**
 * Images of the grid. `revision` and `order`: of the layout that they were selected in; `ranges`:
 * [first, end) positions in its order. Without `order`, which a filter needs, the selection must
 * be kept before the revision changes.
 */
export interface GridSelectionDocument {
  under?: string | null;
  where?: string | null;
  sort?: "folder" | "newest" | "oldest" | "name" | "size" | "pixels";
  revision: string;
  order?: string | null;
  ranges: [number, number][];
}

/**
 * The most frequent label of the nearest labelled images. `share`: 0 to 1, how many of them have
 * it.
 */
export interface GuessDocument {
  label: string;
  share: number;
}

/** The server runs. */
export interface HealthDocument {
  status: "ok";
}

/**
 * A hit of a search. `v` names the version of the file's content: an address that carries it may
 * be cached for ever. `angle`: radians, close for similar images; only if requested. `copies`: how
 * many other images of its group of copies pass the filters; `copy_ids`: up to a hundred of them;
 * both only if the search collapses copies. `good`: whether it fits the words better than is usual
 * in the collection; only for words. `probability`: that it fits; only for one text and a model
 * that gives probabilities.
 */
export interface HitDocument {
  rank: number;
  id: string;
  name: string;
  folder: string;
  distance: number;
  width: number | null;
  height: number | null;
  v: string;
  angle?: number | null;
  copies?: number | null;
  copy_ids?: string[] | null;
  good?: boolean | null;
  probability?: number | null;
}

/**
 * An image in full. `path`: location of the file; `damage`: what is missing in a file that was
 * read in part, null if it is whole; `film`: null if the image is no frame; `photo`: the metadata
 * in the catalog, null if it was not read yet; `exif`: metadata as texts by label, for people;
 * `previous` and `next`: ids of its neighbours in its folder.
 */
export interface ImageDocument {
  id: string;
  name: string;
  folder: string;
  width: number | null;
  height: number | null;
  v: string;
  modified: string;
  path: string;
  size: number;
  state: "live" | "removed" | "missing" | "failed" | "waiting";
  failure: FailureReasonDocument | null;
  damage: string | null;
  film: FilmDocument | null;
  photo: PhotoDocument | null;
  exif: Record<string, string>;
  previous: string | null;
  next: string | null;
}

/** An image and its label; null for no label. */
export interface ImageLabelDocument {
  id: string;
  label: string | null;
}

/** A page of images, ordered by id. `next`: cursor of the next page. */
export interface ImagePageDocument {
  images: ListedImageDocument[];
  next: string | null;
}

/** The progress of a run. `done`, `total` and `failed` count images. */
export interface IndexProgressDocument {
  stage: string;
  done: number;
  total: number;
  failed: number;
}

/** What a run did, in images, as `index --json` says it. */
export interface IndexReportDocument {
  added: number;
  updated: number;
  moved: number;
  reused: number;
  removed: number;
  unchanged: number;
  failed: number;
  damaged: number;
  total: number;
  seconds: number;
  images_per_second: number;
}

/** A request to index. `retry_failed`: also try images again that could not be read. */
export interface IndexRequestDocument {
  retry_failed?: boolean;
}

/**
 * The state of the runs that this server started. `allowed`: pages may start one; `running`: null
 * if none runs; `failure`: why the last one stopped early; `notes`: what it has to say; `report`:
 * what the last one did, null before it has ended.
 */
export interface IndexRunDocument {
  allowed: boolean;
  running: IndexProgressDocument | null;
  failure: string | null;
  notes: string[];
  report: IndexReportDocument | null;
}

/** `started`: false if a run was in progress. */
export interface IndexStartedDocument {
  started: boolean;
}

/**
 * What a page needs before it can show anything. `columns`: the columns that a `where` filter may
 * name; `changes`: pages may change the collection; `words`: the model knows words; `no_words`: if
 * it knows none, a line that says so and names the commands that help.
 */
export interface InfoDocument {
  name: string;
  version: string;
  mosaic: boolean;
  total: number;
  max_upload: number;
  model: string;
  metric: "cosine" | "l2";
  revision: string;
  columns: string[];
  changes: boolean;
  words: boolean;
  no_words: string | null;
}

/** The images that fit a label best, the surest first. `count`: how many fit it. */
export interface LabelCandidatesDocument {
  label: string;
  count: number;
  candidates: CandidateDocument[];
}

/** Images and their new labels. Other files with equal bytes get the same label. */
export interface LabelChangeDocument {
  labels: GivenLabelDocument[];
}

/** A label and the number of its images. */
export interface LabelCountDocument {
  label: string;
  count: number;
}

/**
 * A change of all images with a label. `edit`: its number, to undo it. `changed`: how many
 * pictures it changed; files with equal bytes count once.
 */
export interface LabelEditDocument {
  edit: number;
  label: string;
  to: string | null;
  changed: number;
}

/** Every label, ordered by first use. `labelled` images of `total` have a label. */
export interface LabelListDocument {
  labels: LabelCountDocument[];
  labelled: number;
  total: number;
}

/** A label, and the label that its images get instead; null deletes the label. */
export interface LabelReplacementDocument {
  label: string;
  to: string | null;
}

/** The number of a change to undo. */
export interface LabelUndoDocument {
  edit: number;
}

/** A hit with its label; null if it has none. */
export interface LabelledHitDocument {
  rank: number;
  id: string;
  name: string;
  folder: string;
  distance: number;
  width: number | null;
  height: number | null;
  v: string;
  angle?: number | null;
  copies?: number | null;
  copy_ids?: string[] | null;
  good?: boolean | null;
  probability?: number | null;
  label?: string | null;
}

/** An image in a list. `v`: version of the content; `modified`: ISO 8601, UTC. */
export interface ListedImageDocument {
  id: string;
  name: string;
  folder: string;
  width: number | null;
  height: number | null;
  v: string;
  modified: string;
}

/** How many groups of copies are on the map, and how many images they have. */
export interface MapCopiesDocument {
  groups: number;
  images: number;
}

/**
 * The map. `version`: for the other addresses, changes with the points; `made`: there is a map;
 * `count`: its points; `waiting`: images without a place; `groups`: the largest ones, or spans of
 * time in their order; `copies`: only if points are grouped by copies; `running`: the progress of
 * the run that this server started, null if none runs; `failure`: why the last run stopped early;
 * `allowed`: pages may start a run.
 */
export interface MapDocument {
  version: string;
  made: boolean;
  count: number;
  waiting: number;
  groups: MapGroupDocument[];
  copies: MapCopiesDocument | null;
  regions: MapRegionDocument[];
  running: RunProgressDocument | null;
  failure: string | null;
  allowed: boolean;
}

/** A folder, a label or a span of time whose points have a colour of their own. */
export interface MapGroupDocument {
  name: string;
  count: number;
}

/** The image at a point. */
export interface MapImageDocument {
  point: number;
  id: string;
  name: string;
  folder: string;
  width: number | null;
  height: number | null;
  v: string;
}

/** The images at some points. */
export interface MapImagesDocument {
  images: MapImageDocument[];
}

/** The points of some images, from 0. */
export interface MapPointsDocument {
  points: number[];
}

/**
 * A dense place of the map. `x`, `y`: its middle, 0 to 1; `name`: the folder or label of at least
 * two fifths of its images; `count`: how many of them have it.
 */
export interface MapRegionDocument {
  x: number;
  y: number;
  name: string;
  count: number;
}

/** A request to make the map. `rebuild`: make a new one, on which every image may move. */
export interface MapRequestDocument {
  rebuild?: boolean;
}

/**
 * Images on the map. `version`: of the map; `points`: a bit for each point, as in `GET
 * /api/v1/map/passing`, in base64; `under` and `where`: the filter that they pass.
 */
export interface MapSelectionDocument {
  version: string;
  points: string;
  under?: string | null;
  where?: string | null;
}

/** `started`: false if a run was in progress. */
export interface MapStartedDocument {
  started: boolean;
}

/** Images near an image, the nearest first: some with labels, some without. */
export interface NearbyImagesDocument {
  id: string;
  label: string | null;
  labelled: LabelledHitDocument[];
  unlabelled: LabelledHitDocument[];
  guess: GuessDocument | null;
}

/** A network to choose from. `words`: it can search by words. */
export interface NetworkDocument {
  name: string;
  source: string;
  licence: string;
  dimension: number;
  words: boolean;
}

/** An image whose file was not moved, and the reason. */
export interface NotMovedDocument {
  id: string;
  reason: string;
}

/**
 * Two images that are near-duplicates. `score`: 0 to 1, how certain that is; `kinds`: of edit, in
 * fixed words, as far as they are known.
 */
export interface PairDocument {
  a: string;
  b: string;
  grade: "identical" | "same" | "edited" | "alike" | "burst";
  score: number;
  kinds: string[];
}

/**
 * The metadata of a photo, from its sidecar and its file; null where it is unknown. `taken`: local
 * time, ISO 8601, with the offset from UTC if it is known; `focal_length`: mm; `latitude`,
 * `longitude`: degrees north and east; `rating`: 0 to 5, -1 for a rejected photo.
 */
export interface PhotoDocument {
  format: string | null;
  taken: string | null;
  camera: string | null;
  lens: string | null;
  iso: number | null;
  focal_length: number | null;
  latitude: number | null;
  longitude: number | null;
  rating: number | null;
  keywords: string[];
}

/** The labels that the images had before. Send them back to undo the change. */
export interface PreviousLabelsDocument {
  before: ImageLabelDocument[];
}

/** An error in the form of RFC 9457. `detail` explains it in one line. */
export interface ProblemDocument {
  type: string;
  title: string;
  status: number;
  detail: string;
}

/**
 * The model that is to replace the collection's. `dimension`: null before an image is read;
 * `done`: images with a new vector; `failed`: images that cannot have one; `total`: all images;
 * `runs`: processes that work on the replacement now.
 */
export interface ReplacementDocument {
  model: string;
  dimension: number | null;
  done: number;
  failed: number;
  total: number;
  runs: number;
}

/** Versions and counts to report a bug with: lines of `name: value`. */
export interface ReportDocument {
  text: string;
}

/** Progress of the run that compares images. `total`: 0 while it is unknown. */
export interface RunProgressDocument {
  stage: string;
  done: number;
  total: number;
}

/**
 * A search by image ids and words. Hits resemble the images `ids`, fit the words `texts`, and
 * differ from `not_ids` and `not_texts`. A number behind an id or a text, as in `at night^0.5`, is
 * its weight. `recall`: the least share of the true nearest images that an approximate search must
 * find, by its measured recall.
 */
export interface SearchRequestDocument {
  ids?: string[];
  not_ids?: string[];
  texts?: string[];
  not_texts?: string[];
  k?: number;
  metric?: "cosine" | "l2" | null;
  under?: string | null;
  where?: string | null;
  max_distance?: number | null;
  crop?: string | null;
  angles?: boolean;
  collapse?: boolean;
  recall?: number | null;
}

/**
 * The hits of a search, the nearest first. `exact`: they are proved to be the nearest images.
 * Otherwise `recall` is the measured share of the true nearest images that such a search returns.
 * `notes`: lines on what could not be used, such as damaged vectors, which are left out.
 * `not_compared`: how many of the hits were not compared with other images yet, so that only files
 * with equal bytes count as their copies; 0 unless the search collapses copies.
 */
export interface SearchResultDocument {
  query: string[];
  metric: "cosine" | "l2";
  exact: boolean;
  recall: number;
  milliseconds: number;
  hits: HitDocument[];
  notes?: string[];
  not_compared?: number;
}

/** A selected image. `path`: where its file is; `bytes`: its size. */
export interface SelectedImageDocument {
  id: string;
  path: string;
  width: number | null;
  height: number | null;
  bytes: number;
  modified: string;
}

/** A part of the selected images, in their order. */
export interface SelectedImagesDocument {
  images: SelectedImageDocument[];
}

/**
 * A selection that the server holds. `selection`: its name in addresses; `count`: number of
 * images; `bytes`: size of their files.
 */
export interface SelectionDocument {
  selection: string;
  count: number;
  bytes: number;
}

/** The selected images: some of the grid, some on the map, or ids in their order. */
export interface SelectionRequestDocument {
  grid?: GridSelectionDocument | null;
  map?: MapSelectionDocument | null;
  ids?: string[] | null;
}

/**
 * What the folder of a first run holds. `problem`: why the server cannot index it, or null;
 * `inside`: a folder above it that has a collection, or null; `formats`: number of images by
 * ending; `not_read`: a line about files that are not read; `unlisted`: folders that could not be
 * listed; `free_bytes`: free space for the store.
 */
export interface SetupDocument {
  folder: string;
  store: string;
  problem: string | null;
  inside: string | null;
  images: number;
  bytes: number;
  formats: Record<string, number>;
  not_read: string;
  unlisted: number;
  free_bytes: number;
  networks: NetworkDocument[];
}

/** The network of the new collection. */
export interface SetupRequestDocument {
  network: string;
}

/**
 * The state of the collection. `damaged`: images that were read in part; `runs`: processes that
 * index now; `bytes`: size on disk; `replacement`: null if no model is to replace the
 * collection's; `watch`: null if the server does not watch the folder.
 */
export interface StatusDocument {
  root: string;
  store: string;
  model: string;
  dimension: number;
  dtype: string;
  total: number;
  removed: number;
  missing: number;
  waiting: number;
  failed: number;
  damaged: number;
  bytes: number;
  ann: AnnIndexDocument | null;
  runs: number;
  revision: string;
  replacement: ReplacementDocument | null;
  watch: WatchDocument | null;
}

/** The data of a `status` event. */
export interface StatusEventDocument {
  total: number;
  waiting: number;
  failed: number;
  runs: number;
  revision: string;
  replacement: ReplacementDocument | null;
  watch: WatchDocument | null;
}

/** An image to label. `score`: 0 to 1, the expected benefit; `why`: the reason in words. */
export interface SuggestionDocument {
  rank: number;
  id: string;
  name: string;
  folder: string;
  score: number;
  why: string;
  width: number | null;
  height: number | null;
  v: string;
}

/**
 * Images to label next, the most useful first. There are fewer than requested when few images are
 * left.
 */
export interface SuggestionListDocument {
  suggestions: SuggestionDocument[];
}

/**
 * The progress of the suggestions that the server computes now, for any client; `running`: null
 * while it computes none.
 */
export interface SuggestionStateDocument {
  running: RunProgressDocument | null;
}

/**
 * Images to move to the trash, whether or not a copy of them stays. `batch`: equal for requests
 * that belong together.
 */
export interface TrashRequestDocument {
  ids: string[];
  batch?: string | null;
}

/** The moves to undo: the `log` of the earlier answer. */
export interface UndoRequestDocument {
  log: string;
}

/**
 * Images whose files are back, and images whose files are not. `companions_returned`: files that
 * belong to images and are back.
 */
export interface UndoResultDocument {
  returned: string[];
  left: NotMovedDocument[];
  companions_returned: string[];
}

/**
 * A drop whose files are in the trash, or a plan that was applied. `log`: name for undo; `ids`:
 * the moved images; `batch`: equal for drops that belong together, such as those of "Trash all";
 * `time`: UTC, null if the log's name has none; `plan`: whether `sokkuri duplicates --apply` moved
 * the files.
 */
export interface UndoableDropDocument {
  log: string;
  ids: string[];
  batch: string;
  time: string | null;
  plan: boolean;
}

/**
 * The server's own watch of the folder (`serve --watch`). `state`: `starting` before a collection
 * is watched, `waiting` while nothing can be done; `text`: what is watched and how, or what the
 * server waits for; `poll`: seconds between two looks at the folder, null if the system sends
 * events.
 */
export interface WatchDocument {
  state: "starting" | "watching" | "waiting";
  text: string;
  poll: number | null;
}

/** The images that fit each of the given labels, in the order of the labels. */
export interface WordCandidatesDocument {
  words: LabelCandidatesDocument[];
}

/**
 * Whether pages may change the collection. `key`: the value that they must send in the header
 * X-Sokkuri-Change with a change, or with a request to index; null if neither is allowed.
 */
export interface WriteAccessDocument {
  allowed: boolean;
  key: string | null;
}

/** The answers to GET requests, by path below /api/v1. */
export interface GetAnswers {
  "/changes": WriteAccessDocument;
  "/damaged": DamagedPageDocument;
  "/duplicates": DuplicatePageDocument;
  "/duplicates/drops": DropListDocument;
  "/duplicates/state": DuplicateRunDocument;
  "/failures": FailurePageDocument;
  "/folders": FolderListDocument;
  "/grid": GridDocument;
  "/grid/items": GridItemsDocument;
  "/grid/place": GridPlaceDocument;
  "/healthz": HealthDocument;
  "/images": ImagePageDocument;
  "/index": IndexRunDocument;
  "/info": InfoDocument;
  "/labels": LabelListDocument;
  "/labels/curve": CurveDocument;
  "/labels/near": NearbyImagesDocument;
  "/map": MapDocument;
  "/map/find": MapPointsDocument;
  "/map/images": MapImagesDocument;
  "/report": ReportDocument;
  "/setup": SetupDocument;
  "/setup/estimate": EstimateDocument;
  "/status": StatusDocument;
  "/suggestions": SuggestionListDocument;
  "/suggestions/state": SuggestionStateDocument;
  "/suggestions/words": WordCandidatesDocument;
}

/** The names of parameters of GET requests, by path below /api/v1. */
export interface GetParameters {
  "/changes": never;
  "/damaged": "cursor" | "limit";
  "/duplicates": "min_grade" | "under" | "where" | "keep" | "bursts" | "cursor" | "limit" | "quick";
  "/duplicates/drops": never;
  "/duplicates/state": never;
  "/failures": "cursor" | "limit";
  "/folders": "where";
  "/grid": "under" | "where" | "sort";
  "/grid/items": "under" | "where" | "sort" | "order" | "offset" | "limit";
  "/grid/place": "id" | "under" | "where" | "sort";
  "/healthz": never;
  "/images": "under" | "where" | "cursor" | "limit";
  "/index": never;
  "/info": never;
  "/labels": never;
  "/labels/curve": never;
  "/labels/near": "id" | "labelled" | "unlabelled" | "under" | "where";
  "/map": "by";
  "/map/find": "version" | "id";
  "/map/images": "version" | "point";
  "/report": never;
  "/setup": never;
  "/setup/estimate": "network";
  "/status": never;
  "/suggestions": "n" | "under" | "where" | "without";
  "/suggestions/state": never;
  "/suggestions/words": "label" | "n" | "min_confidence" | "under" | "where";
}

/** A path of a GET request. */
export type GetPath =
  | keyof GetAnswers
  | `/images/${string}/similar`
  | `/selections/${string}/images`
  | `/images/${string}`;

/** The answer to a GET request. */
export type GetAnswer<Path extends GetPath> =
  Path extends keyof GetAnswers ? GetAnswers[Path]
  : Path extends `/images/${string}/similar` ? SearchResultDocument
  : Path extends `/selections/${string}/images` ? SelectedImagesDocument
  : Path extends `/images/${string}` ? ImageDocument
  : never;

/** A parameter of a GET request. */
export type GetParameter<Path extends GetPath> =
  Path extends keyof GetParameters ? GetParameters[Path]
  : Path extends `/images/${string}/similar` ? "k" | "metric" | "under" | "where" | "max_distance" | "angles" | "collapse" | "recall"
  : Path extends `/selections/${string}/images` ? "offset" | "limit"
  : Path extends `/images/${string}` ? never
  : never;

/** The answers to POST requests, by path below /api/v1. */
export interface PostAnswers {
  "/duplicates/decisions": DecisionsResultDocument;
  "/duplicates/drops": DropsResultDocument;
  "/duplicates/find": FindStartedDocument;
  "/duplicates/undo": UndoResultDocument;
  "/index": IndexStartedDocument;
  "/labels": PreviousLabelsDocument;
  "/labels/rename": LabelEditDocument;
  "/labels/undo": LabelEditDocument;
  "/map": MapStartedDocument;
  "/search": SearchResultDocument;
  "/selections": SelectionDocument;
  "/setup": IndexStartedDocument;
  "/trash": DropsResultDocument;
}

/** The bodies of POST requests, by path below /api/v1. */
export interface PostBodies {
  "/duplicates/decisions": DecisionsRequestDocument;
  "/duplicates/drops": DropsRequestDocument;
  "/duplicates/find": FindRequestDocument;
  "/duplicates/undo": UndoRequestDocument;
  "/index": IndexRequestDocument;
  "/labels": LabelChangeDocument;
  "/labels/rename": LabelReplacementDocument;
  "/labels/undo": LabelUndoDocument;
  "/map": MapRequestDocument;
  "/search": SearchRequestDocument;
  "/selections": SelectionRequestDocument;
  "/setup": SetupRequestDocument;
  "/trash": TrashRequestDocument;
}

import { createColumnHelper, rowSortingFeature, tableFeatures } from '@tanstack/react-table';
import type { JobSummary } from '../../../src-main/api/types.ts';
import { UNKNOWN } from '../../components/format.ts';
import {
  CreatedCell,
  ErrorCell,
  LastingCell,
  PersonCell,
  PriorityCell,
  StatusCell,
  TextCell,
} from './job-row.tsx';

export const features = tableFeatures({ rowSortingFeature });
const column = createColumnHelper<typeof features, JobSummary>();

/** Column ids are those of `SortColumn`, where a column can be sorted by. */
export const columns = column.columns([
  column.accessor('status', {
    id: 'standing',
    header: 'State',
    enableSorting: true,
    cell: ({ row }) => <StatusCell job={row.original} />,
  }),
  column.accessor('userId', {
    id: 'user',
    header: 'User',
    cell: ({ row }) => <PersonCell userId={row.original.userId} />,
  }),
  column.accessor('kind', {
    id: 'kind',
    header: 'Kind',
    cell: ({ row }) => <TextCell text={row.original.kind} />,
  }),
  column.accessor('createdAt', {
    id: 'created',
    header: 'Submitted',
    cell: ({ row }) => <CreatedCell job={row.original} />,
  }),
  column.accessor('startedAt', {
    id: 'duration',
    header: 'Wait or run time',
    cell: ({ row }) => <LastingCell job={row.original} />,
  }),
  column.accessor('workerId', {
    id: 'worker',
    header: 'Worker',
    cell: ({ row }) => <TextCell text={row.original.workerId ?? UNKNOWN} />,
  }),
  column.accessor('priority', {
    id: 'priority',
    header: 'Priority',
    cell: ({ row }) => <PriorityCell job={row.original} />,
  }),
  column.accessor('error', {
    id: 'error',
    header: 'Error',
    enableSorting: false,
    cell: ({ row }) => <ErrorCell job={row.original} />,
  }),
]);

import {
  DataAnalysis, DocumentChecked, Files, Monitor, Phone, Search, Setting, User, Warning,
} from '@element-plus/icons-vue'
import type { Component } from 'vue'

export interface Entry { title: string; path: string; need?: string }

/** One of the nine modules of the workbench. */
export interface Module {
  id: string
  title: string
  icon: Component
  path: string
  entries?: Entry[]
  planned?: Plan
}

/** What a module that is not built yet will do, and what serves meanwhile. */
export interface Plan { will: string[]; meanwhile: { text: string; path?: string; link?: string; need?: string }[] }

export const modules: readonly Module[] = [
  { id: 'me', title: '个人工作台', icon: User, path: '/me' },
  {
    id: 'inspect', title: '监督检查', icon: Search, path: '/inspect',
    planned: {
      will: [
        '编制年度监督检查计划，分解为现场检查、非现场检查和专项检查任务',
        '按“双随机”抽取检查对象和检查人员，抽取过程留痕可复核',
        '归集检查方案、取证材料、工作底稿和检查报告，下达整改意见并跟踪到期情况',
      ],
      meanwhile: [
        { text: '非现场核查可在预警台办理：审核预警、派发经办机构核实、认定结果。', path: '/risk/alerts', link: '前往预警台', need: 'alert.read' },
        { text: '现场检查的计划、底稿和报告请继续使用现行纸质或单机流程。' },
      ],
    },
  },
  {
    id: 'events', title: '要情管理', icon: Warning, path: '/events',
    planned: {
      will: ['按快报、续报、终报三个阶段登记和报送基金要情', '按报送时限自动计时、催报', '按地区、险种、类型汇总要情并与案件关联'],
      meanwhile: [
        { text: '红色预警可在预警台按级别筛选，作为要情线索来源。', path: '/risk/alerts?severity=red&open=true', link: '查看红色预警', need: 'alert.read' },
        { text: '要情报送请继续按现行规定以公文和电话方式办理。' },
      ],
    },
  },
  {
    id: 'office', title: '监督办公', icon: Files, path: '/office',
    planned: {
      will: ['收文、发文的登记、流转、签批和打印', '通知公告、会议安排', '法规、案例和文书模板资料库'],
      meanwhile: [
        { text: '各项监管规则所依据的法规条款可在监管规则中查看。', path: '/risk/rules', link: '查看监管规则', need: 'rule.read' },
        { text: '公文流转请继续使用本单位办公系统。' },
      ],
    },
  },
  {
    id: 'reports', title: '举报管理', icon: Phone, path: '/reports',
    planned: {
      will: ['登记电话、信件、网络和来访举报，提示重复举报', '举报人身份单独加密保存，查看须说明理由并留痕', '分办、催办、答复和奖励发放'],
      meanwhile: [
        { text: '对举报反映的人员，可在预警台按姓名以外的条件（地区、险种、规则、编号）查找是否已有预警。', path: '/risk/alerts', link: '前往预警台', need: 'alert.read' },
        { text: '举报材料请继续按现行保密要求登记和保管，不要录入本系统备注。' },
      ],
    },
  },
  {
    id: 'risk', title: '风险处理', icon: DocumentChecked, path: '/risk',
    entries: [
      { title: '预警台', path: '/risk/alerts', need: 'alert.read' },
      { title: '监管规则', path: '/risk/rules', need: 'rule.read' },
      { title: '巡查记录', path: '/risk/patrols', need: 'rule.read' },
    ],
  },
  { id: 'screen', title: '大屏展示', icon: Monitor, path: '/screens' },
  {
    id: 'admin', title: '综合管理', icon: Setting, path: '/admin',
    entries: [
      { title: '数据接入', path: '/admin/datasources', need: 'data.read' },
      { title: '用户管理', path: '/admin/users', need: 'user.read' },
      { title: '角色权限', path: '/admin/roles', need: 'user.read' },
      { title: '在线会话', path: '/admin/sessions', need: 'session.end' },
      { title: '审计日志', path: '/admin/audit', need: 'audit.read' },
      { title: '后台任务', path: '/admin/jobs', need: 'job.read' },
      { title: '关于系统', path: '/about' },
    ],
  },
  {
    id: 'data', title: '数据分析', icon: DataAnalysis, path: '/data',
    planned: {
      will: ['按主题库、专题库查看数据及其来源、质量和脱敏样例', '选择指标、维度和图形自助统计，并可保存、固定到大屏', '以中文提问，先看查询计划再看结果，结果可转为线索'],
      meanwhile: [
        { text: '数据表、字段含义、脱敏样例和校验结果可在数据接入中查看。', path: '/admin/datasources', link: '前往数据接入', need: 'data.read' },
        { text: '全省支出、疑点金额和预警趋势可在大屏总览中查看。', path: '/screens', link: '前往大屏展示' },
      ],
    },
  },
]
